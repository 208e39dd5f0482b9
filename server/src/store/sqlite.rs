//! SQLite's dialect: how its file is opened and how values travel. Knows no table.
//!
//! One connection writes and a few read, so that writers queue in the pool instead of failing with SQLITE_BUSY. Another
//! process may write too: it is waited for, because each writing transaction says so from its start (`begin immediate`).

use std::fs::File;
use std::path::{Path, PathBuf};

use sqlx::migrate::Migrator;
use sqlx::query::Query;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Row, SqlStr, Sqlite, SqliteConnection, Transaction};
use time::OffsetDateTime;

use super::connect::{ACQUIRE_TIMEOUT, migration_error, migrations};
use super::dialect::{Dialect, StoredRow, Value, instant, milliseconds, storable};
use super::error::{Result, StoreError};
use super::sql::SqlStore;
use locks::FileLocks;

mod locks;

const READERS: u32 = 4;

/// Opens the file, makes it and its folders where they are missing, and brings its schema up to date.
pub(super) async fn open(path: &Path) -> Result<SqlStore<Sqlite>> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // SQLite can't wait while the journal is switched, and migrations look before they leap: one process at a time.
    let _alone = lock(folder.to_owned()).await?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .pragma("secure_delete", "on")
        .busy_timeout(ACQUIRE_TIMEOUT);
    // A connection of its own tells what is wrong; the pool would only say that it timed out. The journal stays switched.
    let mut connection = options.clone().journal_mode(SqliteJournalMode::Wal).connect().await?;
    let migrator = migrator();
    migrator.run_direct(None, &mut connection, false).await.map_err(|error| migration_error(error, &migrator))?;
    connection.close().await?;
    let writer = pool(1).connect_lazy_with(options.clone());
    let readers = pool(READERS).connect_lazy_with(options.pragma("query_only", "on"));
    Ok(SqlStore::new(readers, writer, FileLocks::new(path.to_owned())))
}

/// Makes the folder and locks it for as long as the handle lives.
async fn lock(folder: PathBuf) -> Result<File> {
    let locking = move || {
        std::fs::create_dir_all(&folder)?;
        let handle = File::open(&folder)?;
        handle.lock()?;
        Ok(handle)
    };
    let failed = |error: std::io::Error| StoreError::Location(format!("the state's folder can't be used: {error}"));
    tokio::task::spawn_blocking(locking).await.expect("locking a folder doesn't panic").map_err(failed)
}

/// Connections to a file don't go stale: they are neither tested nor replaced.
fn pool(size: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(size)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
}

pub(super) fn migrator() -> Migrator {
    let texts = [
        (1, "state", include_str!("../../../migrations/sqlite/0001_state.sql")),
        (2, "outbox", include_str!("../../../migrations/sqlite/0002_outbox.sql")),
        (3, "request", include_str!("../../../migrations/sqlite/0003_request.sql")),
        (4, "api_keys", include_str!("../../../migrations/sqlite/0004_api_keys.sql")),
        (5, "rooms", include_str!("../../../migrations/sqlite/0005_rooms.sql")),
        (6, "console", include_str!("../../../migrations/sqlite/0006_console.sql")),
        (7, "daemons", include_str!("../../../migrations/sqlite/0007_daemons.sql")),
    ];
    Migrator::with_migrations(migrations(texts))
}

impl Dialect for Sqlite {
    const LOCK: Option<&'static str> = None;
    const ALONE: Option<&'static str> = None;
    // What was deleted is overwritten at once, but the log of changes holds it until it is emptied.
    const AFTER_FORGETTING: Option<&'static str> = Some("pragma wal_checkpoint(truncate)");
    const SHARED_ROW: &'static str = "";
    const NOW: &'static str = "cast((julianday('now') - 2440587.5) * 86400000 as integer)";
    type Locks = FileLocks;

    fn one_of(expression: &str, parameter: u8) -> String {
        format!("{expression} in (select value from json_each(${parameter}))")
    }

    async fn begin(connection: &mut SqliteConnection) -> sqlx::Result<Transaction<'_, Self>> {
        connection.begin_with("begin immediate").await
    }

    async fn execute(connection: &mut SqliteConnection, statement: SqlStr, values: &[Value<'_>]) -> sqlx::Result<u64> {
        Ok(query(statement, values).execute(connection).await?.rows_affected())
    }

    async fn fetch(
        connection: &mut SqliteConnection,
        statement: SqlStr,
        values: &[Value<'_>],
    ) -> sqlx::Result<Vec<SqliteRow>> {
        query(statement, values).fetch_all(connection).await
    }
}

fn query<'q>(statement: SqlStr, values: &[Value<'_>]) -> Query<'q, Sqlite, SqliteArguments> {
    values.iter().fold(sqlx::query(statement), |query, value| match *value {
        Value::Integer(value) => query.bind(value),
        Value::Real(value) => query.bind(value),
        Value::Boolean(value) => query.bind(value),
        Value::Text(value) => query.bind(value.map(storable)),
        Value::Time(value) => query.bind(value.map(milliseconds)),
        Value::Integers(values) => query.bind(list(values)),
        Value::Texts(values) => query.bind(list(values)),
    })
}

/// A list travels as JSON.
fn list<T: serde::Serialize>(values: &[T]) -> String {
    serde_json::to_string(values).expect("numbers and texts are JSON")
}

impl StoredRow for SqliteRow {
    fn integer(&self, column: &'static str) -> Result<Option<i64>> {
        Ok(self.try_get(column)?)
    }

    fn real(&self, column: &'static str) -> Result<Option<f64>> {
        Ok(self.try_get(column)?)
    }

    fn boolean(&self, column: &'static str) -> Result<Option<bool>> {
        Ok(self.try_get(column)?)
    }

    fn text(&self, column: &'static str) -> Result<Option<String>> {
        Ok(self.try_get(column)?)
    }

    fn time(&self, column: &'static str) -> Result<Option<OffsetDateTime>> {
        self.integer(column)?.map(instant).transpose()
    }
}
