//! Which threads were seen, and how they looked: `STATE/seen.json`, of one board, held by one run at a time.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::catalogue::{Entry, Mark};
use super::threads;
use crate::corpus::import::{ImportError, Place, json};
use crate::files::{self, FileError};

const MEND: &str = "delete it, and all threads are asked for anew";

/// The list, and the lock on its folder.
pub(super) struct Seen {
    path: PathBuf,
    threads: PathBuf,
    list: List,
    _lock: File,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    board: String,
    threads: BTreeMap<u64, Mark>,
}

impl Seen {
    /// Opens the folder of a board, which is made where it isn't there.
    pub(super) fn open(state: &Path, board: &str) -> Result<Self, ImportError> {
        let (path, threads) = (state.join("seen.json"), threads(state));
        std::fs::create_dir_all(&threads).map_err(FileError::at(&threads))?;
        let lock = lock(state)?;
        // Parts of threads that have left the board since would never be made again.
        files::sweep(&threads);
        let list = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| json::malformed(&path, &error, 1, MEND))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                List { board: board.to_owned(), threads: BTreeMap::new() }
            }
            Err(error) => return Err(FileError::at(&path)(error).into()),
        };
        if list.board != board {
            let mend = "give each board a folder of its own with --state";
            return Err(ImportError::malformed(&path, Place::Whole, "belongs to another board", mend));
        }
        Ok(Self { path, threads, list, _lock: lock })
    }

    /// Whether a thread is kept as it looks now.
    pub(super) fn knows(&self, entry: &Entry) -> bool {
        let mark = entry.mark();
        mark.is_some()
            && self.list.threads.get(&entry.num).copied() == mark
            && self.threads.join(format!("{}.json", entry.num)).is_file()
    }

    /// The thread is kept: how it looked in the list before it was asked for.
    pub(super) fn remember(&mut self, entry: &Entry) -> Result<(), FileError> {
        let Some(mark) = entry.mark() else { return Ok(()) };
        self.list.threads.insert(entry.num, mark);
        let text = serde_json::to_vec(&self.list).map_err(std::io::Error::from).map_err(FileError::at(&self.path))?;
        files::write(&self.path, text)
    }
}

/// Two runs at once would ask twice as often.
fn lock(state: &Path) -> Result<File, ImportError> {
    let path = state.join("lock");
    let file = File::create(&path).map_err(FileError::at(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let mend = "wait for it, or name another folder with --state";
            Err(ImportError::malformed(state, Place::Whole, "another import is using it", mend))
        }
        Err(TryLockError::Error(source)) => Err(FileError { path, source }.into()),
    }
}
