//! A PostgreSQL server of our own, which is killed and started again while it is in use.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};

use super::{PASSWORD, Rows};
use crate::support::cluster::Cluster;
use crate::support::database;

/// How long a server may take to come up again.
const COMING_UP: Duration = Duration::from_secs(60);

/// A server with a role for each daemon, so that it can be told whose statements are under way.
pub(crate) struct PostgresGround {
    cluster: Cluster,
    asking: Option<PgConnection>,
    locking: Option<PgConnection>,
}

impl PostgresGround {
    pub(super) async fn new() -> Option<Self> {
        let cluster = Cluster::start()?;
        database::open(&cluster.url()).await.close().await;
        let mut ground = Self { cluster, asking: None, locking: None };
        for role in ["first", "second"] {
            ground.rows(&format!("create role {role} superuser login password '{PASSWORD}'")).await;
        }
        Some(ground)
    }

    /// The URL of a role; the server trusts everybody, but the password must stay a secret all the same.
    pub(super) fn url(&self, role: &str) -> String {
        self.cluster.url().replacen("postgres@", &format!("{role}:{PASSWORD}@"), 1)
    }

    pub(super) async fn rows(&mut self, sql: &str) -> Rows {
        let deadline = Instant::now() + COMING_UP;
        loop {
            match self.try_rows(sql).await {
                Ok(rows) => return rows,
                Err(error) if Instant::now() < deadline => {
                    assert!(!matches!(error, sqlx::Error::Database(_)) || self.asking.is_none(), "{sql}: {error}");
                    self.asking = None;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(error) => panic!("{sql}: {error}"),
            }
        }
    }

    async fn try_rows(&mut self, sql: &str) -> sqlx::Result<Rows> {
        if self.asking.is_none() {
            self.asking = Some(PgConnection::connect(&self.cluster.url()).await?);
        }
        let asking = self.asking.as_mut().expect("it was just connected");
        let rows = asking.fetch_all(sqlx::query(AssertSqlSafe(sql.to_owned()))).await?;
        Ok(rows.iter().map(|row| (0..row.len()).map(|column| row.get(column)).collect()).collect())
    }

    pub(super) async fn lock(&mut self) {
        let mut locking = PgConnection::connect(&self.cluster.url()).await.unwrap();
        locking.execute("begin; lock table inbox in share row exclusive mode").await.unwrap();
        self.locking = Some(locking);
    }

    pub(super) async fn unlock(&mut self) {
        if let Some(locking) = self.locking.take() {
            locking.close().await.unwrap();
        }
    }

    pub(super) async fn forget_the_dead(&mut self, role: &str) {
        let left = format!("select cast(pid as text) from pg_stat_activity where usename = '{role}'");
        let deadline = Instant::now() + COMING_UP;
        while !self.rows(&left).await.is_empty() {
            assert!(Instant::now() < deadline, "a session outlives its daemon");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Every row of every table.
    pub(super) async fn dump(&mut self) -> Vec<(String, Vec<u8>)> {
        let tables = self.rows("select tablename::text from pg_tables where schemaname = 'public'").await;
        let mut dumped = Vec::new();
        for table in tables.into_iter().flatten().flatten() {
            let rows = self.rows(&format!("select whole::text from \"{table}\" as whole")).await;
            let text: Vec<String> = rows.into_iter().flatten().flatten().collect();
            dumped.push((table, text.join("\n").into_bytes()));
        }
        dumped
    }

    /// Kills the server in the middle of everything.
    pub(crate) fn kill(&mut self) {
        (self.asking, self.locking) = (None, None);
        self.cluster.kill();
    }

    /// Starts it again.
    pub(crate) fn restart(&self) {
        self.cluster.restart();
    }
}
