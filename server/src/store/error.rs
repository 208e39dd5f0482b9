//! Why the store could not do what was asked. Owns the division into "try later" and "a defect".
//!
//! Refuses to keep what the driver says in full: PostgreSQL's details hold values, which are people's messages.

use std::fmt;

use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;

/// Why the store could not do what was asked. None of it holds a password or a text from a chat.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database can't be reached, is shutting down or is full; the same call may work later.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] Cause),
    /// The database answered, but refused: a defect here, or a schema that isn't ours.
    #[error("the database refused a statement: {0}")]
    Refused(#[source] Cause),
    /// The schema could not be brought up to date.
    #[error("the database schema could not be brought up to date: {0}")]
    Migration(#[source] Cause),
    /// Somebody else has taken the persona: what is written under the old lease doesn't count.
    #[error("another daemon has taken this persona (epoch {latest}, ours was {ours})")]
    Fenced {
        /// Of the lease that was shown.
        ours: i64,
        /// Of the latest lease.
        latest: i64,
    },
    /// A later release wrote the schema.
    #[error(
        "the database was written by a newer release: its schema has migration {found}, this release knows {known}"
    )]
    Newer {
        /// The migration we have not heard of.
        found: i64,
        /// The latest one we know.
        known: i64,
    },
    /// The database was waited for at start, in vain.
    #[error("the database was not available for {} s, giving up: {cause}", waited.as_secs())]
    GaveUp {
        /// How long.
        waited: std::time::Duration,
        /// What the last attempt met.
        #[source]
        cause: Cause,
    },
    /// Neither a `postgres://` URL nor the path of a file that can be made.
    #[error("{0}")]
    Location(String),
    /// A value in the database is not one we write.
    #[error("the database holds an unknown {column}: {value:?}")]
    Corrupt {
        /// Which column.
        column: &'static str,
        /// What stands there.
        value: String,
    },
}

impl StoreError {
    /// Whether the same call may work later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::GaveUp { .. })
    }

    /// Whether the persona belongs to another daemon now.
    pub fn is_fenced(&self) -> bool {
        matches!(self, Self::Fenced { .. })
    }
}

/// What every call of the store returns.
pub type Result<T> = std::result::Result<T, StoreError>;

/// What the driver said, without any value: a code where there is one, and a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    code: Option<String>,
    message: String,
}

impl Cause {
    /// The SQLSTATE, or SQLite's extended result code.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Whether another transaction was merely in the way.
    pub(super) fn is_contention(&self) -> bool {
        self.is_lock() || matches!(self.code(), Some("40001" | "40P01" | "55P03"))
    }

    /// Whether another process holds the SQLite file's lock.
    pub(super) fn is_lock(&self) -> bool {
        self.code().and_then(|code| code.parse::<i32>().ok()).is_some_and(|code| matches!(code & 0xff, 5 | 6))
    }

    fn of(error: &sqlx::Error) -> Self {
        let Some(error) = error.as_database_error() else { return Self { code: None, message: error.to_string() } };
        let code = error.code().map(|code| code.into_owned());
        // The messages of class 22, data exceptions, quote the value.
        let quotes = code.as_deref().is_some_and(|code| is_sqlstate(code) && code.starts_with("22"));
        let message = if quotes { "a value was not accepted" } else { error.message() };
        Self { code, message: message.to_owned() }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{} (code {code})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Cause {}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let cause = Cause::of(&error);
        if is_unavailable(&error) { Self::Unavailable(cause) } else { Self::Refused(cause) }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(inner) | MigrateError::ExecuteMigration(inner, _) => match Self::from(inner) {
                Self::Refused(cause) => Self::Migration(cause),
                other => other,
            },
            other => Self::Migration(Cause { code: None, message: other.to_string() }),
        }
    }
}

fn is_unavailable(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| is_passing(&**error, &code)),
        _ => false,
    }
}

/// Whether a code tells of the server's state rather than of our statement.
fn is_passing(error: &dyn DatabaseError, code: &str) -> bool {
    if error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
        return passes_postgres(code);
    }
    code.parse().is_ok_and(passes_sqlite)
}

/// Connection failures, resources used up, operator intervention, disk errors; a transaction that lost to another one;
/// a read-only standby.
fn passes_postgres(code: &str) -> bool {
    ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class))
        || matches!(code, "25006" | "40001" | "40P01" | "55P03")
}

/// BUSY, LOCKED, NOMEM, READONLY, IOERR, FULL and CANTOPEN; the low byte of an extended code is the plain one.
fn passes_sqlite(code: i32) -> bool {
    matches!(code & 0xff, 5 | 6 | 7 | 8 | 10 | 13 | 14)
}

fn is_sqlstate(code: &str) -> bool {
    code.len() == 5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart() {
        for code in ["08006", "57P01", "57P02", "57P03", "53300", "53100", "25006", "40P01"] {
            assert!(passes_postgres(code), "{code}");
        }
        for code in ["23505", "22P02", "42P01", "28P01", "3D000"] {
            assert!(!passes_postgres(code), "{code}");
        }
        for code in [5, 13, 10, 10 | (3 << 8), 5 | (2 << 8), 14] {
            assert!(passes_sqlite(code), "{code}");
        }
        for code in [1, 11, 19, 19 | (8 << 8), 26] {
            assert!(!passes_sqlite(code), "{code}");
        }
    }

    #[test]
    fn a_driver_failure_has_no_code() {
        let StoreError::Unavailable(cause) = StoreError::from(sqlx::Error::PoolTimedOut) else { panic!("may pass") };
        assert_eq!(cause.code(), None);
    }
}
