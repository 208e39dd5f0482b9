//! Several measurements as one figure.

/// The median of some measurements, and between what they lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Figure {
    /// The middle one.
    pub(crate) median: f64,
    /// The lowest.
    pub(crate) low: f64,
    /// The highest.
    pub(crate) high: f64,
}

impl Figure {
    /// Of nothing there is no figure.
    pub(crate) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (low, high) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = if values.len().is_multiple_of(2) {
            f64::midpoint(values[middle - 1], values[middle])
        } else {
            values[middle]
        };
        Some(Self { median, low, high })
    }

    /// The median with its spread, or a dash.
    pub(crate) fn show(figure: Option<Self>, decimals: usize) -> String {
        match figure {
            Some(Self { median, low, high }) if low < high => {
                format!("{median:.decimals$} ({low:.decimals$}–{high:.decimals$})")
            }
            Some(Self { median, .. }) => format!("{median:.decimals$}"),
            None => "–".to_owned(),
        }
    }
}
