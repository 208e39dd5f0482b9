//! PostgreSQL's locks: advisory locks of one session, on a connection that does nothing else.
//!
//! The server frees them when the connection ends. Keep-alives make it notice within about ten seconds that a machine is
//! gone; a process that dies closes its connection at once.

use std::collections::HashSet;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection, Row};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::store::error::{Result, StoreError};
use crate::store::locks::Locks;

/// How long the server may take to answer a question about locks, which it does at once.
const PATIENCE: Duration = Duration::from_secs(5);

/// The server's side of the connection, in seconds and milliseconds: a silent peer is given up after about ten seconds.
const KEEP_ALIVE: [(&str, &str); 4] = [
    ("tcp_keepalives_idle", "4"),
    ("tcp_keepalives_interval", "2"),
    ("tcp_keepalives_count", "3"),
    ("tcp_user_timeout", "10000"),
];

/// The locks of one store.
pub(in crate::store) struct AdvisoryLocks {
    options: PgConnectOptions,
    session: Mutex<Session>,
}

/// The connection, and what it holds; with the connection all is gone.
#[derive(Default)]
struct Session {
    connection: Option<PgConnection>,
    held: HashSet<String>,
}

impl AdvisoryLocks {
    pub(in crate::store) fn new(options: PgConnectOptions) -> Self {
        Self { options: options.options(KEEP_ALIVE), session: Mutex::default() }
    }
}

impl Session {
    /// Asks one question. After a failure the connection is dropped, and the locks with it.
    async fn ask(&mut self, options: &PgConnectOptions, sql: &'static str, name: &str) -> Result<bool> {
        let asking = async {
            let connection = match &mut self.connection {
                Some(connection) => connection,
                none => none.insert(options.connect().await?),
            };
            sqlx::query(sql).bind(name).fetch_one(connection).await?.try_get(0)
        };
        let answer = timeout(PATIENCE, asking).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        answer.map_err(|error| {
            *self = Self::default();
            StoreError::from(error)
        })
    }
}

impl Locks for AdvisoryLocks {
    async fn try_lock(&self, name: &str) -> Result<bool> {
        let mut session = self.session.lock().await;
        // The server would grant it to the same session a second time.
        if session.held.contains(name) {
            return Ok(false);
        }
        let sql = "select pg_try_advisory_lock(hashtextextended($1, 0))";
        let locked = session.ask(&self.options, sql, name).await?;
        if locked {
            session.held.insert(name.to_owned());
        }
        Ok(locked)
    }

    async fn holds(&self, name: &str) -> Result<bool> {
        let mut session = self.session.lock().await;
        if !session.held.contains(name) {
            return Ok(false);
        }
        session.ask(&self.options, "select $1 is not null", name).await
    }

    async fn unlock(&self, name: &str) {
        let mut session = self.session.lock().await;
        if session.held.remove(name) {
            // An answer that doesn't come takes the connection along, and so the lock.
            let _ = session.ask(&self.options, "select pg_advisory_unlock(hashtextextended($1, 0))", name).await;
        }
    }

    async fn close(&self) {
        let session = std::mem::take(&mut *self.session.lock().await);
        if let Some(connection) = session.connection {
            let _ = timeout(PATIENCE, connection.close()).await;
        }
    }
}
