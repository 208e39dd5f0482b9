//! A thread as a board's API tells it, in the current and in the older shape: the posts, and nothing of the rest.
//!
//! Numbers come as numbers or as strings of digits, by the board's age. Knows nothing of what posts mean to each other.

use std::path::Path;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

use super::MEND;
use crate::corpus::import::{ImportError, Place, json};

/// A thread.
#[derive(Debug)]
pub(super) struct Thread {
    /// `b` of `/b/`, where the answer tells it.
    pub(super) board: Option<String>,
    /// Its number, which is its first post's.
    pub(super) number: u64,
    /// As they were written.
    pub(super) posts: Vec<Post>,
}

/// A post.
#[derive(Debug, Deserialize)]
pub(super) struct Post {
    #[serde(deserialize_with = "number")]
    pub(super) num: u64,
    #[serde(default)]
    comment: Option<String>,
    #[serde(default, deserialize_with = "flag")]
    op: bool,
    #[serde(default, deserialize_with = "perhaps")]
    timestamp: Option<i64>,
    #[serde(default)]
    date: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    board: Option<Board>,
    #[serde(default, rename = "Board")]
    older_board: Option<String>,
    threads: Vec<Posts>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Board {
    Whole {
        id: String,
    },
    Name(String),
    /// A board of another shape is no reason to refuse its thread.
    Other(de::IgnoredAny),
}

#[derive(Deserialize)]
struct Posts {
    posts: Vec<Post>,
}

/// Years that a post can be of; other numbers are no dates.
const YEARS: std::ops::Range<i32> = 1971..2200;

/// Why bytes are no thread.
#[derive(Debug)]
pub(super) enum NoThread {
    /// They aren't this JSON.
    Json(serde_json::Error),
    /// No post is in them.
    Empty,
}

/// Reads an answer of the API.
pub(super) fn parse(bytes: &[u8]) -> Result<Thread, NoThread> {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let answer: Answer = serde_json::from_slice(bytes).map_err(NoThread::Json)?;
    let board = match answer.board {
        Some(Board::Whole { id }) => Some(id),
        Some(Board::Name(name)) => Some(name),
        Some(Board::Other(_)) | None => answer.older_board,
    };
    let posts = answer.threads.into_iter().next().map(|thread| thread.posts).unwrap_or_default();
    let number = posts.first().ok_or(NoThread::Empty)?.num;
    Ok(Thread { board, number, posts })
}

impl NoThread {
    /// For a file.
    pub(super) fn in_file(&self, path: &Path) -> ImportError {
        match self {
            Self::Json(error) => json::malformed(path, error, 1, MEND),
            Self::Empty => ImportError::malformed(path, Place::Whole, "holds no posts", MEND),
        }
    }
}

impl Post {
    /// Its HTML.
    pub(super) fn comment(&self) -> &str {
        self.comment.as_deref().unwrap_or_default()
    }

    /// Whether its author says to have begun the thread.
    pub(super) fn by_the_first(&self) -> bool {
        self.op
    }

    /// When it was written, by the board's clock where its date tells how far that is from UTC.
    pub(super) fn time(&self) -> Option<OffsetDateTime> {
        let utc =
            OffsetDateTime::from_unix_timestamp(self.timestamp?).ok().filter(|time| YEARS.contains(&time.year()))?;
        let Some(offset) = self.date.as_deref().and_then(local).and_then(|local| offset(local, utc)) else {
            return Some(utc);
        };
        utc.checked_to_offset(offset)
    }
}

/// The clock of `26/12/18 Срд 10:10:09`.
fn local(date: &str) -> Option<PrimitiveDateTime> {
    let mut words = date.split_whitespace();
    let (day, clock) = (words.next()?, words.next_back()?);
    let [day, month, year] = three(day, '/')?;
    let [hour, minute, second] = three(clock, ':')?;
    let date = Date::from_calendar_date(2000 + i32::from(year), Month::try_from(month).ok()?, day).ok()?;
    Some(PrimitiveDateTime::new(date, Time::from_hms(hour, minute, second).ok()?))
}

fn three(text: &str, separator: char) -> Option<[u8; 3]> {
    let mut parts = text.split(separator).map(|part| part.parse().ok());
    let found = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(found)
}

/// How far a clock is from UTC, in whole quarters of an hour as clocks are; a date that doesn't fit tells nothing.
fn offset(local: PrimitiveDateTime, utc: OffsetDateTime) -> Option<UtcOffset> {
    let seconds = (local.assume_utc() - utc).whole_seconds();
    let quarters = (seconds + 450).div_euclid(900);
    let near = (seconds - quarters * 900).abs() <= 60 && quarters.abs() <= 14 * 4;
    let whole = i32::try_from(quarters * 900).ok()?;
    near.then(|| UtcOffset::from_whole_seconds(whole).ok()).flatten()
}

/// A number, also as a string of digits.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    deserializer.deserialize_any(Digits).map(Option::unwrap_or_default).and_then(|number| {
        u64::try_from(number).ok().filter(|number| *number > 0).ok_or_else(|| de::Error::custom("no post's number"))
    })
}

/// The same, where it may be missing or mean nothing.
pub(super) fn perhaps<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    deserializer.deserialize_any(Digits)
}

fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(perhaps(deserializer)?.is_some_and(|flag| flag != 0))
}

struct Digits;

impl Visitor<'_> for Digits {
    type Value = Option<i64>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a number")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(number).ok())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(number))
    }

    fn visit_f64<E: de::Error>(self, _number: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Some(i64::from(flag)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.trim().parse().ok())
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn both_shapes_are_read() {
        let current = br#"{"board":{"id":"b","info":"x"},"threads":[{"posts":[{"num":7,"comment":"a","op":1,"timestamp":1545808209,
            "date":"26/12/18 \u0421\u0440\u0434 10:10:09","parent":0}]}]}"#;
        let thread = parse(current).unwrap();
        assert_eq!((thread.board.as_deref(), thread.number, thread.posts[0].by_the_first()), (Some("b"), 7, true));
        assert_eq!(thread.posts[0].time(), Some(datetime!(2018-12-26 10:10:09 +3)));
        let older =
            br#"{"Board":"b","threads":[{"posts":[{"num":"7","comment":null,"op":"0","timestamp":"1545808209"}]}]}"#;
        let thread = parse(older).unwrap();
        assert_eq!((thread.board.as_deref(), thread.number, thread.posts[0].by_the_first()), (Some("b"), 7, false));
        assert_eq!(thread.posts[0].time(), Some(datetime!(2018-12-26 07:10:09 UTC)));
    }

    #[test]
    fn an_odd_date_tells_nothing() {
        let utc = 1_545_808_209;
        for date in
            ["", "26/12", "99/99/99 x 99:99:99", "01/01/70 x 00:00:00", "26/12/18 10:17:09", "26/12/18/1 10:10:09"]
        {
            let post = Post { num: 1, comment: None, op: false, timestamp: Some(utc), date: Some(date.to_owned()) };
            assert_eq!(post.time().unwrap().offset(), UtcOffset::UTC, "{date}");
        }
        let never = Post { num: 1, comment: None, op: false, timestamp: Some(i64::MAX), date: None };
        assert_eq!(never.time(), None);
        assert_eq!(Post { timestamp: Some(253_402_300_800), ..never }.time(), None);
    }

    #[test]
    fn what_is_no_thread_is_refused() {
        for bad in [
            "",
            "[]",
            "{}",
            "{\"threads\":[{\"posts\":[{\"num\":\"x\"}]}]}",
            "{\"threads\":[{\"posts\":[{\"num\":-1}]}]}",
            "{\"threads\":[",
        ] {
            assert!(matches!(parse(bad.as_bytes()), Err(NoThread::Json(_))), "{bad}");
        }
        for empty in ["{\"threads\":[]}", "{\"threads\":[{\"posts\":[]}]}"] {
            assert!(matches!(parse(empty.as_bytes()), Err(NoThread::Empty)), "{empty}");
        }
    }
}
