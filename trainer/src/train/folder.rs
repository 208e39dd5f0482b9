//! The folder of a run: what lies where in it, who may work in it, and that it is what it seems.
//!
//! What a run needs for itself stands under `.training`; the rest is the trained checkpoint and what tells of it.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::RunError;
use super::fingerprint::Fingerprint;
use crate::files::{self, FileError};

/// A run's folder, which nobody else works in while this lives.
#[derive(Debug)]
pub struct RunFolder {
    out: PathBuf,
    _lock: File,
}

impl RunFolder {
    /// Opens the folder for a run with this fingerprint, making it where it isn't there. `restart` forgets what an earlier
    /// run left, checkpoints included.
    ///
    /// # Errors
    /// Another process works in it, it holds something else, or a run that was begun with something else.
    pub fn open(out: &Path, fingerprint: &Fingerprint, restart: bool) -> Result<Self, RunError> {
        let own = out.join(".training");
        if !own.exists() && is_filled(out)? {
            return Err(RunError::Foreign(out.to_owned()));
        }
        std::fs::create_dir_all(&own).map_err(FileError::at(&own))?;
        let folder = Self { _lock: lock(&own.join("lock"), out)?, out: out.to_owned() };
        files::sweep(&folder.out);
        files::sweep(&own);
        if restart {
            folder.forget()?;
        }
        folder.check(fingerprint)?;
        Ok(folder)
    }

    /// The trained checkpoint's place.
    #[must_use]
    pub fn out(&self) -> &Path {
        &self.out
    }

    /// A file or folder of the run's own.
    #[must_use]
    pub fn own(&self, name: &str) -> PathBuf {
        self.out.join(".training").join(name)
    }

    /// The history of losses.
    #[must_use]
    pub fn losses(&self) -> PathBuf {
        self.out.join("losses.jsonl")
    }

    /// What the run came to; there once it is finished.
    #[must_use]
    pub fn summary(&self) -> PathBuf {
        self.out.join("summary.json")
    }

    /// Compares with the run that began here, or begins one.
    fn check(&self, fingerprint: &Fingerprint) -> Result<(), RunError> {
        let path = self.own("run.json");
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let text = serde_json::to_vec_pretty(fingerprint).expect("a fingerprint is plain data");
                return Ok(files::write(&path, text)?);
            }
            Err(source) => return Err(FileError { path, source }.into()),
        };
        let problem = |error: serde_json::Error| RunError::Broken {
            path: path.clone(),
            problem: format!("is no description of a run (line {}, column {})", error.line(), error.column()),
        };
        let begun: Fingerprint = serde_json::from_slice(&text).map_err(problem)?;
        match begun.difference(fingerprint) {
            None => Ok(()),
            Some(changed) => Err(RunError::Changed { folder: self.out.clone(), changed }),
        }
    }

    fn forget(&self) -> Result<(), RunError> {
        let stale = ["run.json", "checkpoints", "base", "export"].map(|name| self.own(name));
        for path in stale.into_iter().chain([self.losses(), self.summary()]) {
            remove(&path)?;
        }
        Ok(())
    }
}

/// Removes a file or a folder, where it is there.
///
/// # Errors
/// It is there and can't be removed.
pub fn remove(path: &Path) -> Result<(), FileError> {
    let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(FileError { path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

/// The lock is the system's: a killed process holds none.
fn lock(path: &Path, out: &Path) -> Result<File, RunError> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(FileError::at(path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(RunError::Busy(out.to_owned())),
        Err(TryLockError::Error(source)) => Err(FileError { path: path.to_owned(), source }.into()),
    }
}

fn is_filled(out: &Path) -> Result<bool, FileError> {
    match std::fs::read_dir(out) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(FileError { path: out.to_owned(), source }),
    }
}
