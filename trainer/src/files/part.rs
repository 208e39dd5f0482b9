//! The files beside a place in which its next content grows: made, and swept up after processes that were killed.
//!
//! A part is locked as long as its process lives, and the system lets go of the lock of a dead one. So a part that can be
//! locked is nobody's.

use std::fs::{File, TryLockError};
use std::io::Result;
use std::path::Path;

use tempfile::NamedTempFile;

/// Begins a part of `path` in its folder.
pub(super) fn create(path: &Path, folder: &Path) -> Result<NamedTempFile> {
    let prefix = prefix(path);
    sweep(&prefix, folder);
    loop {
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(SUFFIX);
        // Temporary files are their owner's alone; these become as readable as the umask lets others be.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let part = builder.tempfile_in(folder)?;
        match part.as_file().try_lock() {
            // Another process that sweeps may have had it in the moment before it was locked.
            Ok(()) if !part.path().exists() => {}
            Err(TryLockError::WouldBlock) => {}
            // Where the system knows no locks, nothing is swept either.
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(part),
        }
    }
}

/// What the names of all parts begin with.
pub(super) const ANY: &str = ".maskarad-";
const SUFFIX: &str = ".part";

/// What the names of all parts of a path begin with: of one length, whatever the path's.
fn prefix(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    format!("{ANY}{}-", &blake3::hash(name.as_encoded_bytes()).to_hex()[..16])
}

/// Removes parts of dead processes. One that can't be removed is in nobody's way but the disk's.
pub(super) fn sweep(prefix: &str, folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_part = entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix) && name.ends_with(SUFFIX));
        if is_part && is_abandoned(&entry.path()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn is_abandoned(part: &Path) -> bool {
    File::open(part).is_ok_and(|file| file.try_lock().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_nobodys_is_swept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("corpus.jsonl");
        let living = create(&path, folder.path()).unwrap();
        let others = create(&folder.path().join("other.jsonl"), folder.path()).unwrap();
        let dead = folder.path().join(format!("{}abcdef.part", prefix(&path)));
        let foreign = folder.path().join(".maskarad-notes.part");
        for file in [&dead, &foreign] {
            std::fs::write(file, "left").unwrap();
        }
        let new = create(&path, folder.path()).unwrap();
        assert!(!dead.exists());
        for file in [living.path(), others.path(), foreign.as_path(), new.path()] {
            assert!(file.exists(), "{file:?}");
        }
    }

    #[test]
    fn many_at_once_leave_each_other_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("corpus.jsonl");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        assert!(create(&path, folder.path()).unwrap().path().exists());
                    }
                });
            }
        });
    }
}
