//! A copy of the SQLite file, made while a daemon writes. PostgreSQL has tools of its own for that.
//!
//! `vacuum into` reads one moment of the database and holds nobody up. The copy is checked before it gets its name, so
//! that a file of that name is always whole.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Row};
use tempfile::NamedTempFile;

use super::error::StoreError;

/// How long a lock of somebody else's is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and no copy is made.
    Keep,
    /// The copy takes its place.
    Replace,
}

/// Why no copy was made.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is nothing to copy.
    #[error("{}: there is no such database", path.display())]
    NoDatabase {
        /// Where it should be.
        path: PathBuf,
    },
    /// A file of that name is there.
    #[error("{}: is there already; say --force to replace it, or choose another name", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The copy would take the database's own place.
    #[error("{}: is the database itself", path.display())]
    Itself {
        /// The file.
        path: PathBuf,
    },
    /// A file can't be written or read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// SQLite finds faults in the copy, and so in the database.
    #[error("the database is damaged, and a copy of it would be: {problem}")]
    Damaged {
        /// The first of them.
        problem: String,
    },
    /// The database can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for BackupError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Copies a database into a file that only its owner may read. Returns its length.
pub async fn backup(database: &Path, file: &Path, existing: Existing) -> Result<u64, BackupError> {
    if !database.is_file() {
        return Err(BackupError::NoDatabase { path: database.to_owned() });
    }
    if is_same(database, file) {
        return Err(BackupError::Itself { path: file.to_owned() });
    }
    if existing == Existing::Keep && file.exists() {
        return Err(BackupError::Exists { path: file.to_owned() });
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let located = |source| BackupError::File { path: file.to_owned(), source };
    // Made for its owner's eyes alone, in the folder where it gets its name; gone if anything fails.
    let copy = tempfile::Builder::new().prefix(".maskarad-backup-").tempfile_in(folder).map_err(located)?;
    write(database, copy.path()).await?;
    check(copy.path()).await?;
    let length = copy.as_file().metadata().map_err(located)?.len();
    name(copy, file, existing)?;
    // The name, too, shall outlive a power cut.
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(located)?;
    Ok(length)
}

fn is_same(database: &Path, file: &Path) -> bool {
    database.canonicalize().ok().zip(file.canonicalize().ok()).is_some_and(|(database, file)| database == file)
}

async fn write(database: &Path, copy: &Path) -> Result<(), BackupError> {
    let Some(path) = copy.to_str() else {
        let source = io::Error::new(io::ErrorKind::InvalidInput, "SQLite needs a path of UTF-8");
        return Err(BackupError::File { path: copy.to_owned(), source });
    };
    let options = SqliteConnectOptions::new().filename(database).create_if_missing(false).busy_timeout(PATIENCE);
    let mut connection = options.connect().await?;
    let copied = sqlx::query("vacuum into $1").bind(path).execute(&mut connection).await;
    connection.close().await?;
    copied?;
    Ok(())
}

async fn check(copy: &Path) -> Result<(), BackupError> {
    let mut connection = SqliteConnectOptions::new().filename(copy).read_only(true).immutable(true).connect().await?;
    let found = sqlx::query("pragma integrity_check(1)").fetch_one(&mut connection).await;
    connection.close().await?;
    match found?.try_get::<String, _>(0)? {
        told if told == "ok" => Ok(()),
        problem => Err(BackupError::Damaged { problem }),
    }
}

fn name(copy: NamedTempFile, file: &Path, existing: Existing) -> Result<(), BackupError> {
    let located = |source| BackupError::File { path: file.to_owned(), source };
    copy.as_file().sync_all().map_err(located)?;
    let named = match existing {
        Existing::Keep => copy.persist_noclobber(file),
        Existing::Replace => copy.persist(file),
    };
    match named {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(BackupError::Exists { path: file.to_owned() })
        }
        Err(error) => Err(located(error.error)),
    }
}
