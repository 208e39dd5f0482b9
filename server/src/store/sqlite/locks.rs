//! SQLite's locks: a locked file beside the database for each name. The system frees them when the process ends.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::PathBuf;

use tokio::sync::Mutex;

use crate::store::error::{Result, StoreError};
use crate::store::locks::Locks;

/// The locks of one store.
pub(in crate::store) struct FileLocks {
    database: PathBuf,
    held: Mutex<HashMap<String, File>>,
}

impl FileLocks {
    /// Locks beside this database.
    pub(in crate::store) fn new(database: PathBuf) -> Self {
        Self { database, held: Mutex::default() }
    }

    /// `maskarad.db` and `avtobus.telegram` make `maskarad.db-avtobus.telegram.lock`.
    fn path(&self, name: &str) -> PathBuf {
        let mut path = self.database.clone().into_os_string();
        path.push(format!("-{name}.lock"));
        path.into()
    }
}

impl Locks for FileLocks {
    async fn try_lock(&self, name: &str) -> Result<bool> {
        let mut held = self.held.lock().await;
        if held.contains_key(name) {
            return Ok(false);
        }
        let unavailable = |error: std::io::Error| StoreError::from(sqlx::Error::Io(error));
        let file =
            File::options().create(true).truncate(false).write(true).open(self.path(name)).map_err(unavailable)?;
        match file.try_lock() {
            Ok(()) => {
                held.insert(name.to_owned(), file);
                Ok(true)
            }
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(unavailable(error)),
        }
    }

    async fn holds(&self, name: &str) -> Result<bool> {
        Ok(self.held.lock().await.contains_key(name))
    }

    async fn unlock(&self, name: &str) {
        self.held.lock().await.remove(name);
    }

    async fn close(&self) {
        self.held.lock().await.clear();
    }
}
