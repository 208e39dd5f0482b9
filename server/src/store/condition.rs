//! What state the database is in, for `maskarad doctor`: looks at its migrations and brings nothing up to date.

use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tokio::time::timeout;

use super::error::{Result, StoreError};
use super::location::Location;
use super::{postgres, sqlite};

/// How long a database may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What state the database is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// There is no SQLite file yet; the daemon's start makes it.
    Absent,
    /// So many migrations are missing; the daemon's start applies them.
    Behind(usize),
    /// As this release wants it.
    Current,
}

/// Looks at the database, and changes nothing.
///
/// # Errors
/// A database that isn't available, isn't ours, or was written by a later release.
pub async fn examine(location: &Location) -> Result<Condition> {
    let looking = async {
        match location {
            Location::Postgres(options) => examine_postgres(options).await,
            Location::Sqlite(path) if !path.exists() => Ok(Condition::Absent),
            Location::Sqlite(path) => examine_sqlite(path).await,
        }
    };
    timeout(PATIENCE, looking).await.map_err(|_| StoreError::from(sqlx::Error::PoolTimedOut))?
}

async fn examine_postgres(options: &PgConnectOptions) -> Result<Condition> {
    let mut connection = options.connect().await?;
    let table = "select to_regclass('_sqlx_migrations') is not null";
    let there: bool = sqlx::query_scalar(table).fetch_one(&mut connection).await?;
    let applied = match there {
        true => sqlx::query_scalar(APPLIED).fetch_all(&mut connection).await?,
        false => Vec::new(),
    };
    connection.close().await?;
    compare(&applied, &postgres::migrator())
}

async fn examine_sqlite(path: &std::path::Path) -> Result<Condition> {
    let mut connection = SqliteConnectOptions::new().filename(path).read_only(true).connect().await?;
    let table = "select exists (select 1 from sqlite_master where name = '_sqlx_migrations')";
    let there: bool = sqlx::query_scalar(table).fetch_one(&mut connection).await?;
    let applied = match there {
        true => sqlx::query_scalar(APPLIED).fetch_all(&mut connection).await?,
        false => Vec::new(),
    };
    connection.close().await?;
    compare(&applied, &sqlite::migrator())
}

const APPLIED: &str = "select version from _sqlx_migrations where success order by version";

fn compare(applied: &[i64], migrator: &Migrator) -> Result<Condition> {
    let known: Vec<i64> = migrator.iter().map(|migration| migration.version).collect();
    let latest = known.iter().copied().max().unwrap_or(0);
    if let Some(found) = applied.iter().copied().find(|version| *version > latest) {
        return Err(StoreError::Newer { found, known: latest });
    }
    match known.iter().filter(|version| !applied.contains(version)).count() {
        0 => Ok(Condition::Current),
        missing => Ok(Condition::Behind(missing)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_compared() {
        let told = |applied: &[i64]| compare(applied, &sqlite::migrator());
        let all: Vec<i64> = sqlite::migrator().iter().map(|migration| migration.version).collect();
        let latest = *all.last().unwrap();
        assert_eq!(told(&all).unwrap(), Condition::Current);
        assert_eq!(told(&all[1..]).unwrap(), Condition::Behind(1));
        assert_eq!(told(&[]).unwrap(), Condition::Behind(all.len()));
        let newer = told(&[&all[..], &[99]].concat());
        assert!(matches!(newer, Err(StoreError::Newer { found: 99, known }) if known == latest));
    }

    #[tokio::test]
    async fn a_look_makes_and_migrates_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        let location = Location::Sqlite(path.clone());
        assert_eq!(examine(&location).await.unwrap(), Condition::Absent);
        assert!(!path.exists());
        std::fs::write(&path, "").unwrap();
        let all = sqlite::migrator().iter().count();
        assert_eq!(examine(&location).await.unwrap(), Condition::Behind(all));
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
        crate::store::open(&location).await.unwrap().close().await;
        assert_eq!(examine(&location).await.unwrap(), Condition::Current);
        std::fs::write(&path, "no database at all, but a text of some length").unwrap();
        assert!(examine(&location).await.is_err());
    }
}
