//! The folder of what can be made again: packed weights by the key of their model, and which content the files of a
//! checkpoint folder had when they were last read. Whatever is wrong in it is said once and made anew; nothing in it is
//! written in place, so that any number of processes may share it.

mod file;
mod record;
mod sweep;

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

pub(crate) use self::record::{Mark, Record};
use crate::key::ModelKey;
use crate::packed::Packed;

/// What the names of packed weights end in.
const PACKED: &str = ".packed";

/// What the names of records end in.
const RECORD: &str = ".checkpoint";

/// What the names of files end in that are being written.
const UNFINISHED: &str = ".unfinished";

/// Everybody may read, nobody write: what is mapped must not change.
const READ_ONLY: u32 = 0o444;

/// A cache folder. It need not exist yet.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    folder: PathBuf,
}

impl Cache {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The packed weights of a model, mapped and verified; `None` where there are none, or none that are sound.
    pub(crate) fn packed(&self, key: &ModelKey) -> Option<Packed> {
        let path = self.path(&key.to_string(), PACKED);
        match file::read(&path, key) {
            Ok(packed) => packed,
            Err(problem) => {
                tracing::warn!(file = %path.display(), problem, "packed weights can't be used, and are made anew");
                None
            }
        }
    }

    /// Stores the packed weights of a model and returns them mapped, in memory that other processes share. Where that
    /// fails they stay where they are.
    pub(crate) fn store(&self, key: &ModelKey, packed: Packed) -> Packed {
        let path = self.path(&key.to_string(), PACKED);
        match self.replace(&path, |unfinished| file::write(unfinished, key, &packed)) {
            Ok(()) => tracing::info!(file = %path.display(), bytes = packed.memory(), "stored packed weights"),
            Err(error) => {
                tracing::warn!(file = %path.display(), %error, "packed weights can't be stored; they stay in memory");
                return packed;
            }
        }
        sweep::sweep(&self.folder);
        self.packed(key).unwrap_or(packed)
    }

    /// The content that the files of a checkpoint folder have, if they look as they did when that was found out.
    pub(crate) fn recall(&self, checkpoint: &Path, marks: &[Mark]) -> Option<[u8; 32]> {
        let record = Record::read(&self.record(checkpoint))?;
        (record.folder == checkpoint && record.marks == marks).then_some(record.content)
    }

    /// Remembers what the files of a checkpoint folder look like and which content they have.
    pub(crate) fn remember(&self, record: &Record) {
        let path = self.record(&record.folder);
        if let Err(error) = self.replace(&path, |unfinished| unfinished.write_all(&record.to_bytes())) {
            tracing::warn!(file = %path.display(), %error, "the checkpoint's identity can't be stored");
        }
    }

    fn record(&self, checkpoint: &Path) -> PathBuf {
        let name = blake3::hash(checkpoint.as_os_str().as_encoded_bytes());
        self.path(&name.to_hex(), RECORD)
    }

    fn path(&self, name: &str, ending: &str) -> PathBuf {
        self.folder.join(format!("{name}{ending}"))
    }

    /// Puts a new file in place of whatever is at `path`, at once and as a whole, and durably.
    fn replace(&self, path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let mut unfinished: NamedTempFile = tempfile::Builder::new().suffix(UNFINISHED).tempfile_in(&self.folder)?;
        // Held while it is written, to tell it from what a process that died has left; not every file system has locks.
        let _ = unfinished.as_file().try_lock();
        write(unfinished.as_file_mut())?;
        unfinished.as_file().sync_all()?;
        unfinished.as_file().set_permissions(Permissions::from_mode(READ_ONLY))?;
        unfinished.persist(path).map_err(|error| error.error)?;
        // Best effort: a name that a power failure takes back is only work to be done again.
        let _ = File::open(&self.folder).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
