//! Numbers of settings files within their ranges.

use std::ops::RangeInclusive;

use super::problem::Report;
use super::record::Maybe;

/// A whole number in its range; `None` where it is absent or was noted.
pub(super) fn whole(report: &mut Report<'_>, key: &str, value: &Maybe<i64>, range: RangeInclusive<i64>) -> Option<i64> {
    let spanned = value.as_ref()?;
    if range.contains(&spanned.value) {
        return Some(spanned.value);
    }
    let expected = format!("is {}, expected a whole number from {} to {}", spanned.value, range.start(), range.end());
    report.note(key, spanned.referenced, expected);
    None
}

/// A number that passes a test; `None` where it is absent or was noted.
pub(super) fn real(
    report: &mut Report<'_>,
    key: &str,
    value: &Maybe<f64>,
    (passes, expected): (impl Fn(f64) -> bool, &str),
) -> Option<f64> {
    let spanned = value.as_ref()?;
    if passes(spanned.value) {
        return Some(spanned.value);
    }
    report.note(key, spanned.referenced, format!("is {}, expected {expected}", spanned.value));
    None
}
