//! A folder takes another's place in one step.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::road::remove;
use crate::files::FileError;

/// Copies the files of `from` for which `takes` says so, as a whole, to `to`. What stood there is gone then; who looks
/// meanwhile sees the one or the other.
///
/// # Errors
/// Something can't be read or written; `to` is as it was then.
pub fn put(from: &Path, to: &Path, takes: impl Fn(&str) -> bool) -> Result<(), FileError> {
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).map_err(FileError::at(parent))?;
    let part = beside(to, "part");
    remove(&part)?;
    std::fs::create_dir(&part).map_err(FileError::at(&part))?;
    copy(from, &part, takes)?;
    exchange(&part, to)?;
    File::open(parent).and_then(|parent| parent.sync_all()).map_err(FileError::at(parent))?;
    remove(&part)
}

fn copy(from: &Path, to: &Path, takes: impl Fn(&str) -> bool) -> Result<(), FileError> {
    for entry in std::fs::read_dir(from).map_err(FileError::at(from))? {
        let path = entry.map_err(FileError::at(from))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !path.is_file() || !takes(&name) {
            continue;
        }
        let target = to.join(&name);
        std::fs::copy(&path, &target).map_err(FileError::at(&path))?;
        File::open(&target).and_then(|file| file.sync_all()).map_err(FileError::at(&target))?;
    }
    Ok(())
}

/// Puts `part` where `to` is, and what was there, if anything, where `part` was.
fn exchange(part: &Path, to: &Path) -> Result<(), FileError> {
    if !to.exists() {
        return std::fs::rename(part, to).map_err(FileError::at(to));
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        if renameat_with(CWD, part, CWD, to, RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
    }
    // A file system that can't do it in one step.
    let old = beside(to, "old");
    remove(&old)?;
    std::fs::rename(to, &old).map_err(FileError::at(to))?;
    std::fs::rename(part, to).map_err(FileError::at(to))?;
    remove(&old)
}

/// A hidden name in the same folder, so that a move between them is one step.
fn beside(path: &Path, what: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("deep/to"));
        std::fs::create_dir(&from).unwrap();
        std::fs::write(from.join("a"), "1").unwrap();
        std::fs::write(from.join("b"), "2").unwrap();
        put(&from, &to, |name| name != "b").unwrap();
        assert!(to.join("a").exists() && !to.join("b").exists());
        std::fs::write(to.join("old"), "").unwrap();
        put(&from, &to, |name| name != "a").unwrap();
        let left: Vec<_> = std::fs::read_dir(&to).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["b"]);
        assert_eq!(std::fs::read_dir(folder.path().join("deep")).unwrap().count(), 1);
        put(&folder.path().join("none"), &to, |_| true).unwrap_err();
        assert!(to.join("b").exists());
    }
}
