//! A PostgreSQL server of its own for a test that stops it, kills it or locks it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use maskarad::store::Store;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use url::Url;

use super::database::{open, postgres_server};

/// A throw-away server, gone when dropped.
pub(crate) struct Cluster {
    folder: tempfile::TempDir,
    url: String,
}

impl Cluster {
    /// Starts one; `None` where tests do without PostgreSQL.
    pub(crate) fn start() -> Option<Self> {
        postgres_server()?;
        let folder = tempfile::tempdir().unwrap();
        let url = script("start", folder.path());
        Some(Self { folder, url })
    }

    /// Its address, the same after a restart, for connections whose commits survive a kill: the script's servers may
    /// lose the last ones.
    pub(crate) fn url(&self) -> String {
        format!("{}?options[synchronous_commit]=on", self.url)
    }

    /// A store on it.
    pub(crate) async fn store(&self) -> Arc<dyn Store> {
        open(&self.url()).await
    }

    /// Its address for somebody else and another database.
    pub(crate) fn url_of(&self, role: &str, database: &str) -> String {
        let mut url = Url::parse(&self.url()).unwrap();
        url.set_username(role).unwrap();
        url.set_path(database);
        url.into()
    }

    /// Where its files are.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Runs statements as its administrator, each in a transaction of its own.
    pub(crate) async fn administer(&self, statements: &[&str]) {
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        for statement in statements {
            connection.execute(AssertSqlSafe((*statement).to_owned())).await.unwrap();
        }
        connection.close().await.unwrap();
    }

    /// Ends everybody else's connections, so that new ones meet what has changed.
    pub(crate) async fn hang_up(&self) {
        let others = "select pg_terminate_backend(pid) from pg_stat_activity
                      where pid <> pg_backend_pid() and backend_type = 'client backend'";
        self.administer(&[others]).await;
    }

    /// Stops it as an administrator does: open transactions are rolled back.
    pub(crate) fn stop(&self) {
        script("stop", self.folder.path());
    }

    /// Stops it in the middle of everything.
    pub(crate) fn kill(&self) {
        script("kill", self.folder.path());
    }

    /// Starts it again.
    pub(crate) fn restart(&self) {
        assert_eq!(script("start", self.folder.path()), self.url);
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        script("stop", self.folder.path());
        let _ = std::fs::remove_file(self.folder.path().with_extension("lock"));
    }
}

/// Runs scripts/postgres.sh on this folder; returns what it prints.
fn script(action: &str, folder: &Path) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/postgres.sh");
    let output = Command::new(script).arg(action).arg(folder).output().unwrap();
    assert!(output.status.success(), "{action}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
