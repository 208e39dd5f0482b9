//! When a message was written: exports tell the clock on the wall, the seconds since 1970, or an offset in words.

use time::format_description::FormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

/// `2024-01-02T23:59:58`
const LOCAL: &[FormatItem] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");

/// `02.01.2024 23:59:58`
const TITLE: &[FormatItem] = format_description!("[day].[month].[year] [hour]:[minute]:[second]");

/// `+03:00`
const OFFSET: &[FormatItem] = format_description!("[offset_hour sign:mandatory]:[offset_minute]");

/// No clock of the world is further from Greenwich, in minutes.
const FURTHEST: i64 = 18 * 60;

/// Years that a message can be of; other numbers are no dates.
const YEARS: std::ops::Range<i32> = 1970..2200;

/// What is wrong with a date; the text itself isn't repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct DateError(&'static str);

/// From JSON's `date` and `date_unixtime`. Alone, the first counts as of Greenwich.
pub(super) fn of_json(local: Option<&str>, unix: Option<i64>) -> Result<OffsetDateTime, DateError> {
    let local = local.map(|local| PrimitiveDateTime::parse(local, LOCAL)).transpose();
    let local = local.map_err(|_| DateError("its date isn't written as 2024-01-31T23:59:59"))?;
    let unix = unix.map(OffsetDateTime::from_unix_timestamp).transpose();
    let unix = unix.map_err(|_| DateError("its date_unixtime is no time"))?;
    sensible(match (local, unix) {
        (None, None) => Err(DateError("it has no date")),
        (Some(local), None) => Ok(local.assume_utc()),
        (None, Some(unix)) => Ok(unix),
        (Some(local), Some(unix)) => with_offset(unix, (local.assume_utc() - unix).whole_seconds()),
    }?)
}

/// From the title of HTML's date, `02.01.2024 23:59:58 UTC+03:00`; older exports lack the offset.
pub(super) fn of_title(title: &str) -> Result<OffsetDateTime, DateError> {
    const WRONG: DateError = DateError("its date isn't written as 31.01.2024 23:59:59 UTC+03:00");
    let (local, offset) = match title.trim().split_once(" UTC") {
        Some((local, offset)) => (local, Some(offset)),
        None => (title.trim(), None),
    };
    let local = PrimitiveDateTime::parse(local, TITLE).map_err(|_| WRONG)?;
    let offset = match offset {
        None | Some("") => UtcOffset::UTC,
        Some(offset) => UtcOffset::parse(offset, OFFSET).map_err(|_| WRONG)?,
    };
    sensible(local.assume_offset(offset))
}

/// The offset in whole minutes: the corpus can't hold seconds of it.
fn with_offset(unix: OffsetDateTime, seconds: i64) -> Result<OffsetDateTime, DateError> {
    let minutes = seconds.div_euclid(60);
    if minutes.abs() > FURTHEST {
        return Err(DateError("its date and date_unixtime are more than 18 hours apart"));
    }
    let offset = i32::try_from(minutes * 60).ok().and_then(|seconds| UtcOffset::from_whole_seconds(seconds).ok());
    Ok(unix.to_offset(offset.unwrap_or(UtcOffset::UTC)))
}

fn sensible(time: OffsetDateTime) -> Result<OffsetDateTime, DateError> {
    if YEARS.contains(&time.year()) && YEARS.contains(&time.to_utc().year()) {
        Ok(time)
    } else {
        Err(DateError("its date isn't between 1970 and 2199"))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_offset_is_the_difference() {
        let unix = datetime!(2024-01-31 20:59:59 UTC).unix_timestamp();
        assert_eq!(
            of_json(Some("2024-01-31T23:59:59"), Some(unix)).unwrap().offset(),
            UtcOffset::from_hms(3, 0, 0).unwrap()
        );
        assert_eq!(of_json(Some("2024-01-31T23:59:59"), None).unwrap(), datetime!(2024-01-31 23:59:59 UTC));
        assert_eq!(of_json(None, Some(unix)).unwrap(), datetime!(2024-01-31 20:59:59 UTC));
        // Newfoundland, and a clock that was asked a moment too late.
        let odd = of_json(Some("2024-01-31T17:29:30"), Some(unix)).unwrap();
        assert_eq!((odd, odd.offset()), (datetime!(2024-01-31 20:59:59 UTC), UtcOffset::from_hms(-3, -31, 0).unwrap()));
    }

    #[test]
    fn titles_are_read_with_and_without_an_offset() {
        assert_eq!(of_title("31.01.2024 23:59:59 UTC+03:00").unwrap(), datetime!(2024-01-31 23:59:59 +3));
        assert_eq!(of_title("31.01.2024 23:59:59 UTC-03:30").unwrap(), datetime!(2024-01-31 23:59:59 -3:30));
        assert_eq!(of_title("31.01.2024 23:59:59").unwrap(), datetime!(2024-01-31 23:59:59 UTC));
    }

    #[test]
    fn absurd_dates_are_refused() {
        for (local, unix) in [
            (None, None),
            (Some("вчера"), None),
            (Some("2024-13-45T99:00:00"), None),
            (Some("2024-01-31T23:59:59"), Some(0)),
            (None, Some(i64::MAX)),
            (None, Some(i64::MIN)),
            (None, Some(-1)),
            (Some("9999-12-31T23:59:59"), None),
        ] {
            assert!(of_json(local, unix).is_err(), "{local:?} {unix:?}");
        }
        for title in ["", "31.01.2024", "31.01.2024 23:59:59 UTC+99:99", "45.01.2024 00:00:00", "01.01.0000 00:00:00"] {
            assert!(of_title(title).is_err(), "{title}");
        }
    }
}
