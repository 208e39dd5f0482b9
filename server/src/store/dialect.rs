//! What the two databases do differently, and the session through which every statement goes.
//!
//! Statements are written once, in SQL that both understand (`$1` parameters, `on conflict`); a [`Dialect`] binds values,
//! opens transactions and words the test for membership in a list. Knows no table.

use std::borrow::Cow;

use sqlx::{AssertSqlSafe, Database, SqlSafeStr, SqlStr, Transaction};
use time::OffsetDateTime;

use super::error::{Result, StoreError};
use super::locks::Locks;
use super::{BotId, JobId};
use crate::chat::{ChatId, MessageId, PersonaName, ThreadId, TransportKind, UserId};

/// One of the two databases.
pub(super) trait Dialect: Database<Row: StoredRow> {
    /// A condition: `expression` is one of the values of the list given as this parameter.
    fn one_of(expression: &str, parameter: u8) -> String;

    /// A statement that waits until no other transaction holds the lock named `$1`, and holds it to the end of this one.
    /// `None` where transactions that write never run side by side.
    const LOCK: Option<&'static str>;

    /// What, after a `select` of a transaction, keeps others from changing the row until its end. Empty where transactions
    /// that write never run side by side.
    const SHARED_ROW: &'static str;

    /// A statement that waits until no transaction is open that began with a look at its lease ([`Self::SHARED_ROW`]), and
    /// keeps others from beginning to the end of this one. `None` where transactions that write never run side by side.
    const ALONE: Option<&'static str>;

    /// An expression: the instant, by the database's own clock.
    const NOW: &'static str;

    /// A statement after which nothing of deleted rows is left in the database's files, where there is one.
    const AFTER_FORGETTING: Option<&'static str>;

    /// The locks between daemons.
    type Locks: Locks;

    /// Opens a transaction that may write.
    fn begin(connection: &mut Self::Connection) -> impl Future<Output = sqlx::Result<Transaction<'_, Self>>> + Send;

    /// Runs a statement; returns how many rows it changed.
    fn execute(
        connection: &mut Self::Connection,
        statement: SqlStr,
        values: &[Value<'_>],
    ) -> impl Future<Output = sqlx::Result<u64>> + Send;

    /// Runs a statement; returns its rows.
    fn fetch(
        connection: &mut Self::Connection,
        statement: SqlStr,
        values: &[Value<'_>],
    ) -> impl Future<Output = sqlx::Result<Vec<Self::Row>>> + Send;
}

/// A value on its way into a statement.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Integer(Option<i64>),
    Real(Option<f64>),
    Boolean(Option<bool>),
    Text(Option<&'a str>),
    Time(Option<OffsetDateTime>),
    Integers(&'a [i64]),
    Texts(&'a [String]),
}

/// Lists the values of a statement, in the order of its parameters.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::store::dialect::Value::from($value)),*] };
}
pub(super) use values;

/// Declares how types of ours become values.
macro_rules! into_value {
    ($($type:ty: $value:ident => $result:expr;)*) => {
        $(impl<'a> From<$type> for Value<'a> {
            fn from($value: $type) -> Self {
                $result
            }
        })*
    };
}

into_value! {
    i64: value => Self::Integer(Some(value));
    u32: value => Self::Integer(Some(value.into()));
    BotId: value => Self::Integer(Some(value.0));
    JobId: value => Self::Integer(Some(value.0));
    ChatId: value => Self::Integer(Some(value.0));
    UserId: value => Self::Integer(Some(value.0));
    MessageId: value => Self::Integer(Some(value.0));
    Option<i64>: value => Self::Integer(value);
    Option<JobId>: value => Self::Integer(value.map(|id| id.0));
    Option<ChatId>: value => Self::Integer(value.map(|id| id.0));
    Option<MessageId>: value => Self::Integer(value.map(|id| id.0));
    // Never null: a null is not equal to itself, and no transport numbers a topic 0.
    Option<ThreadId>: value => Self::Integer(Some(value.map_or(0, |id| id.0)));
    Option<f64>: value => Self::Real(value);
    bool: value => Self::Boolean(Some(value));
    Option<bool>: value => Self::Boolean(value);
    &'a str: value => Self::Text(Some(value));
    Option<&'a str>: value => Self::Text(value);
    &'a PersonaName: value => Self::Text(Some(value.as_str()));
    TransportKind: value => Self::Text(Some(value.as_str()));
    OffsetDateTime: value => Self::Time(Some(value));
    Option<OffsetDateTime>: value => Self::Time(value);
    &'a Vec<i64>: value => Self::Integers(value);
    &'a Vec<String>: value => Self::Texts(value);
}

/// Text as both databases can keep it: PostgreSQL takes no NUL.
pub(super) fn storable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{FFFD}").into() } else { text.into() }
}

/// The first instant of the year 1: PostgreSQL can't go as far back as [`OffsetDateTime`].
const EARLIEST: i64 = -62_135_596_800_000;

/// An instant as both databases keep it: unix milliseconds.
pub(super) fn milliseconds(instant: OffsetDateTime) -> i64 {
    let milliseconds = instant.unix_timestamp_nanos().div_euclid(1_000_000);
    i64::try_from(milliseconds).expect("years of five digits are not compiled in").max(EARLIEST)
}

/// The instant of so many unix milliseconds.
pub(super) fn instant(milliseconds: i64) -> Result<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000)
        .map_err(|_| StoreError::Corrupt { column: "instant", value: milliseconds.to_string() })
}

/// A row of either database, read by column name.
pub(super) trait StoredRow: Send + Sync {
    /// An integer or null.
    fn integer(&self, column: &'static str) -> Result<Option<i64>>;
    /// A number or null.
    fn real(&self, column: &'static str) -> Result<Option<f64>>;
    /// A truth value or null.
    fn boolean(&self, column: &'static str) -> Result<Option<bool>>;
    /// A text or null.
    fn text(&self, column: &'static str) -> Result<Option<String>>;
    /// An instant or null.
    fn time(&self, column: &'static str) -> Result<Option<OffsetDateTime>>;
}

/// A connection in use, within a transaction or without.
pub(super) struct Session<'c, D: Dialect> {
    connection: &'c mut D::Connection,
}

impl<'c, D: Dialect> Session<'c, D> {
    /// Runs statements on this connection.
    pub(super) fn on(connection: &'c mut D::Connection) -> Self {
        Self { connection }
    }

    /// Runs a statement; returns how many rows it changed.
    pub(super) async fn execute(&mut self, sql: impl Into<Cow<'static, str>>, values: &[Value<'_>]) -> Result<u64> {
        Ok(D::execute(self.connection, statement(sql.into()), values).await?)
    }

    /// Runs a statement; returns its rows.
    pub(super) async fn rows(
        &mut self,
        sql: impl Into<Cow<'static, str>>,
        values: &[Value<'_>],
    ) -> Result<Vec<D::Row>> {
        Ok(D::fetch(self.connection, statement(sql.into()), values).await?)
    }

    /// Runs a statement that gives one row at most.
    pub(super) async fn row(
        &mut self,
        sql: impl Into<Cow<'static, str>>,
        values: &[Value<'_>],
    ) -> Result<Option<D::Row>> {
        Ok(self.rows(sql, values).await?.pop())
    }

    /// Runs a statement that gives one row, whose column `count` is wanted.
    pub(super) async fn count(&mut self, sql: impl Into<Cow<'static, str>>, values: &[Value<'_>]) -> Result<u64> {
        let row = self.row(sql, values).await?;
        let count = row.map(|row| row.integer("count")).transpose()?.flatten();
        Ok(count.and_then(|count| u64::try_from(count).ok()).expect("count(*) gives one row, and no negative number"))
    }
}

/// Every text that is put together is put together from our own literals; values are always bound.
fn statement(sql: Cow<'static, str>) -> SqlStr {
    match sql {
        Cow::Borrowed(text) => text.into_sql_str(),
        Cow::Owned(text) => AssertSqlSafe(text).into_sql_str(),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn instants_keep_their_milliseconds() {
        let precise = datetime!(2024-02-29 12:00:00.123_456_789 UTC);
        assert_eq!(instant(milliseconds(precise)).unwrap(), datetime!(2024-02-29 12:00:00.123 UTC));
        let early = datetime!(1969-12-31 23:59:59.999_9 UTC);
        assert_eq!(milliseconds(early), -1);
        assert_eq!(instant(EARLIEST).unwrap(), datetime!(0001-01-01 0:00 UTC));
        assert_eq!(milliseconds(datetime!(-9999-01-01 0:00 UTC)), EARLIEST);
        assert!(instant(i64::MAX).is_err());
    }

    #[test]
    fn only_the_nul_is_replaced() {
        assert_eq!(storable("a\0b\u{1}\u{202e}"), "a\u{FFFD}b\u{1}\u{202e}");
        assert!(matches!(storable("untouched 🦀"), Cow::Borrowed(_)));
    }
}
