//! Takes away what nobody will ask for: files that a process died over, records of folders that are gone, and packed
//! weights that no record speaks of. Whatever is taken away wrongly is made again.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{DirEntry, File};
use std::path::Path;
use std::time::Duration;

use super::record::Record;
use super::{PACKED, RECORD, UNFINISHED};

/// A file may be new, and its lock or its record not there yet.
const YOUTH: Duration = Duration::from_secs(3600);

/// Sweeps a cache folder.
pub(super) fn sweep(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let entries: Vec<DirEntry> = entries.filter_map(Result::ok).collect();
    let mut wanted = HashSet::new();
    for entry in entries.iter().filter(|entry| ends_in(entry, RECORD)) {
        match Record::read(&entry.path()) {
            Some(record) if record.folder.is_dir() => {
                wanted.insert(record.content);
            }
            _ => remove(entry),
        }
    }
    for entry in entries.iter().filter(|entry| is_old(entry)) {
        if (ends_in(entry, UNFINISHED) && is_abandoned(entry)) || (ends_in(entry, PACKED) && !is_wanted(entry, &wanted))
        {
            remove(entry);
        }
    }
}

fn ends_in(entry: &DirEntry, ending: &str) -> bool {
    entry.file_name().as_encoded_bytes().ends_with(ending.as_bytes())
}

fn is_old(entry: &DirEntry) -> bool {
    let modified = entry.metadata().and_then(|metadata| metadata.modified()).ok();
    modified.and_then(|modified| modified.elapsed().ok()).is_some_and(|age| age > YOUTH)
}

/// Whether no process is writing it.
fn is_abandoned(entry: &DirEntry) -> bool {
    File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok())
}

/// Whether some record speaks of these weights.
fn is_wanted(entry: &DirEntry, wanted: &HashSet<[u8; 32]>) -> bool {
    let path = entry.path();
    let key = path.file_stem().and_then(OsStr::to_str).and_then(|name| name.parse::<crate::key::ModelKey>().ok());
    key.is_some_and(|key| wanted.contains(&key.content()))
}

fn remove(entry: &DirEntry) {
    if std::fs::remove_file(entry.path()).is_ok() {
        tracing::debug!(file = %entry.path().display(), "took an old file out of the cache");
    }
}
