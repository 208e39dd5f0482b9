//! A PostgreSQL of the measurement's own, whose commits are durable, with the counters that tell what it did.

use std::path::Path;
use std::str::FromStr;

use anyhow::Context;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, Executor, PgConnection, Row};
use tempfile::TempDir;

use super::script;

/// The tests' cluster has these off; here they are what is measured.
const DURABLE: [&str; 4] = [
    "alter system set fsync = on",
    "alter system set synchronous_commit = on",
    "alter system set full_page_writes = on",
    "alter system set shared_preload_libraries = 'pg_stat_statements'",
];

/// A cluster; stopped when dropped.
pub(super) struct Cluster {
    folder: TempDir,
    url: String,
}

/// What it did until now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    /// Transactions that were committed.
    pub(super) commits: f64,
    /// Statements, those that begin and commit among them.
    pub(super) statements: f64,
    /// How often the log of writes was brought to the disk.
    pub(super) syncs: f64,
}

impl Cluster {
    /// Starts one.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let url = script("postgres.sh", &["start", at(folder.path())?], &[])?;
        let mut connection = PgConnection::connect(&url).await?;
        for setting in DURABLE {
            connection.execute(setting).await?;
        }
        connection.close().await?;
        script("postgres.sh", &["stop", at(folder.path())?], &[])?;
        let url = script("postgres.sh", &["start", at(folder.path())?], &[])?;
        PgConnection::connect(&url).await?.execute("create extension pg_stat_statements").await?;
        Ok(Self { folder, url })
    }

    /// Where it is.
    pub(super) fn options(&self) -> anyhow::Result<PgConnectOptions> {
        Ok(PgConnectOptions::from_str(&self.url)?)
    }

    /// The folder that its processes work in.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it did until now, once those who were connected have gone.
    pub(super) async fn counted(&self) -> anyhow::Result<Counted> {
        let mut connection = PgConnection::connect(&self.url).await?;
        let row = connection
            .fetch_one(
                "select (select xact_commit::float8 from pg_stat_database where datname = current_database()) as commits,
                        (select sum(calls)::float8 from pg_stat_statements) as statements,
                        (select wal_sync::float8 from pg_stat_wal) as syncs",
            )
            .await?;
        Ok(Counted { commits: row.get("commits"), statements: row.get("statements"), syncs: row.get("syncs") })
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let stopped = at(self.folder.path()).and_then(|folder| script("postgres.sh", &["stop", folder], &[]));
        if let Err(error) = stopped {
            eprintln!("a PostgreSQL was left behind: {error:#}");
        }
    }
}

fn at(folder: &Path) -> anyhow::Result<&str> {
    folder.to_str().context("temporary folders have plain names")
}
