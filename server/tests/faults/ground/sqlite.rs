//! A SQLite file, on a small disk of its own where we may mount one, so that it can be filled up.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, Row, SqliteConnection};

use super::Rows;
use crate::support::database;

/// Room on the small disk: far more than any act writes.
const DISK: &str = "size=160m";

/// A file and the folder, or disk, that it lies on.
pub(crate) struct SqliteGround {
    folder: tempfile::TempDir,
    mounted: bool,
    asking: SqliteConnection,
    locking: SqliteConnection,
}

impl SqliteGround {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mounted = mount(folder.path());
        let path = folder.path().join("maskarad.db");
        database::open(path.to_str().expect("temporary folders have plain names")).await.close().await;
        let asking = connect(&path).await;
        let locking = connect(&path).await;
        Self { folder, mounted, asking, locking }
    }

    pub(super) fn path(&self) -> String {
        self.folder.path().join("maskarad.db").to_str().expect("temporary folders have plain names").to_owned()
    }

    pub(super) async fn rows(&mut self, sql: &str) -> Rows {
        let rows = self.asking.fetch_all(sqlx::query(AssertSqlSafe(sql.to_owned()))).await.unwrap();
        rows.iter().map(|row| (0..row.len()).map(|column| row.get(column)).collect()).collect()
    }

    pub(super) async fn lock(&mut self) {
        self.locking.execute("begin immediate").await.unwrap();
    }

    pub(super) async fn unlock(&mut self) {
        self.locking.execute("rollback").await.unwrap();
    }

    /// Every byte of the database, its log included.
    pub(super) fn dump(&self) -> Vec<(String, Vec<u8>)> {
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        let files = files.map(|file| file.unwrap().path()).filter(|path| path.is_file() && *path != self.ballast());
        files.map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect()
    }

    fn ballast(&self) -> PathBuf {
        self.folder.path().join("ballast")
    }

    /// Whether the disk can be filled up.
    pub(crate) fn can_be_filled(&self) -> bool {
        self.mounted
    }

    /// Fills the disk to the last block.
    pub(crate) fn fill(&self) {
        let mut ballast = std::fs::File::create(self.ballast()).unwrap();
        for block in [1 << 20, 1 << 12] {
            while ballast.write_all(&vec![b'x'; block]).is_ok() {}
        }
    }

    /// How long the database is now.
    pub(crate) fn length(&self) -> u64 {
        std::fs::metadata(self.path()).unwrap().len()
    }

    /// Makes room again.
    pub(crate) fn free(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for SqliteGround {
    fn drop(&mut self) {
        if self.mounted
            && !matches!(Command::new("umount").arg("-l").arg(self.folder.path()).status(), Ok(status) if status.success())
        {
            eprintln!("a small disk was left behind at {}", self.folder.path().display());
        }
    }
}

async fn connect(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(30)).connect().await.unwrap()
}

/// Whether a small disk could be mounted, which takes root.
fn mount(folder: &Path) -> bool {
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", DISK, "tmpfs"]).arg(folder).output();
    mount.is_ok_and(|output| output.status.success())
}
