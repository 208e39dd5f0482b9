//! What the files of a checkpoint folder looked like when their content was last found out. Hashing half a gigabyte
//! takes longer than everything else that a start does.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// To be raised whenever the hash of a checkpoint means another thing.
const VERSION: u32 = 1;

/// A file from outside: whatever changes when it is written to or replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    name: String,
    size: u64,
    device: u64,
    inode: u64,
    /// Nanoseconds since 1970 of the last change of its content, which anybody may set to what they like.
    modified: i128,
    /// Nanoseconds since 1970 of the last change of any kind, which the system alone sets.
    changed: i128,
}

impl Mark {
    pub(crate) fn new(path: &Path, metadata: &Metadata) -> Self {
        let nanoseconds = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
        Self {
            name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            size: metadata.len(),
            device: metadata.dev(),
            inode: metadata.ino(),
            modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// The latest change of any kind, in nanoseconds since 1970.
    pub(crate) fn latest(&self) -> i128 {
        self.modified.max(self.changed)
    }
}

/// One checkpoint folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    version: u32,
    pub(crate) folder: PathBuf,
    pub(crate) marks: Vec<Mark>,
    pub(crate) content: [u8; 32],
}

impl Record {
    pub(crate) fn new(folder: PathBuf, marks: Vec<Mark>, content: [u8; 32]) -> Self {
        Self { version: VERSION, folder, marks, content }
    }

    /// A record that is whole and of this version; anything else is as good as none.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let bytes = std::fs::read(path).ok()?;
        let (checksum, json) = bytes.split_at_checked(blake3::OUT_LEN)?;
        if checksum != blake3::hash(json).as_bytes() {
            return None;
        }
        serde_json::from_slice(json).ok().filter(|record: &Self| record.version == VERSION)
    }

    /// BLAKE3 of the JSON, and the JSON.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let json = serde_json::to_vec(self).unwrap_or_default();
        [blake3::hash(&json).as_bytes(), &json[..]].concat()
    }
}
