//! Opening the store at start, and waiting for a database that isn't there yet. Knows no statement.

use std::sync::Arc;
use std::time::Duration;

use sqlx::SqlSafeStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use tokio::time::{Instant, sleep};

use super::dialect::Dialect;
use super::error::{Result, StoreError};
use super::location::Location;
use super::sql::SqlStore;
use super::{Store, postgres, sqlite};

/// How long a statement waits for a free connection before the database counts as unavailable.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

const FIRST_DELAY: Duration = Duration::from_millis(250);
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// Opens the store and brings its schema up to date; fails at once when the database isn't there.
pub async fn open(location: &Location) -> Result<Arc<dyn Store>> {
    match location {
        Location::Postgres(options) => shared(postgres::open(options).await?),
        Location::Sqlite(path) => shared(sqlite::open(path).await?),
    }
}

/// Opens the store at start. A database that isn't available is asked again and again, for `limit` at the longest.
pub async fn connect(location: &Location, limit: Duration) -> Result<Arc<dyn Store>> {
    let started = Instant::now();
    let mut delay = FIRST_DELAY;
    loop {
        let cause = match open(location).await {
            // Nothing starts a file up later: what is wrong with it now stays wrong, unless it is merely locked.
            Err(StoreError::Unavailable(cause)) if matches!(location, Location::Postgres(_)) || cause.is_lock() => {
                cause
            }
            other => return other,
        };
        let waited = started.elapsed();
        if waited + delay > limit {
            return Err(StoreError::GaveUp { waited, cause });
        }
        tracing::warn!(%location, %cause, ?delay, "the database is not available yet, trying again");
        sleep(delay).await;
        delay = (delay * 2).min(LONGEST_DELAY);
    }
}

fn shared<D: Dialect>(store: SqlStore<D>) -> Result<Arc<dyn Store>> {
    Ok(Arc::new(store))
}

/// Migrations by their numbers and short names.
pub(super) fn migrations<const COUNT: usize>(named: [(i64, &'static str, &'static str); COUNT]) -> Vec<Migration> {
    let named = named.into_iter();
    named
        .map(|(version, name, sql)| {
            Migration::new(version, name.into(), MigrationType::Simple, sql.into_sql_str(), false)
        })
        .collect()
}

/// What a failed migration means; a migration that the database has and we don't was made by a later release.
pub(super) fn migration_error(error: MigrateError, migrator: &Migrator) -> StoreError {
    let known = migrator.iter().map(|migration| migration.version).max().unwrap_or(0);
    match error {
        MigrateError::VersionMissing(found) if found > known => StoreError::Newer { found, known },
        other => other.into(),
    }
}
