//! Files that are whole or not there: written beside their place, synced, and moved into it in one step.

mod part;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A file that can't be read or written, with its name.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct FileError {
    /// Which one.
    pub path: PathBuf,
    /// Why.
    pub source: std::io::Error,
}

impl FileError {
    /// For [`Result::map_err`].
    pub fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self { path: path.to_owned(), source }
    }
}

/// A file under construction. What stood at its path stays there until [`AtomicFile::commit`]; dropped, it leaves nothing.
/// What a killed process left of it is removed by the next one that makes the same file.
#[derive(Debug)]
pub struct AtomicFile {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
}

impl AtomicFile {
    /// Begins a file that will stand at `path`; its folder is made where it isn't there. Of a symbolic link it is the file
    /// behind it.
    ///
    /// # Errors
    /// The folder can't be made or written to; or what stands at the path is no regular file, such as a device.
    pub fn create(path: &Path) -> Result<Self, FileError> {
        let path = behind(path)?;
        let folder = folder_of(&path);
        std::fs::create_dir_all(folder).map_err(FileError::at(folder))?;
        let file = part::create(&path, folder).map_err(FileError::at(folder))?;
        if let Ok(former) = std::fs::metadata(&path) {
            // Whoever kept it to themselves goes on doing so.
            file.as_file().set_permissions(former.permissions()).map_err(FileError::at(&path))?;
        }
        Ok(Self { path, file: BufWriter::with_capacity(1 << 18, file) })
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// It can't be written to its end, synced or moved.
    pub fn commit(self) -> Result<(), FileError> {
        let located = |source| FileError { path: self.path.clone(), source };
        let file = self.file.into_inner().map_err(|error| located(error.into_error()))?;
        file.as_file().sync_all().map_err(located)?;
        file.persist(&self.path).map_err(|error| located(error.error))?;
        let folder = folder_of(&self.path);
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(FileError::at(folder))
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Writes a whole file at once.
///
/// # Errors
/// As [`AtomicFile`].
pub fn write(path: &Path, contents: impl AsRef<[u8]>) -> Result<(), FileError> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(contents.as_ref()).map_err(FileError::at(path))?;
    file.commit()
}

/// Removes what killed processes left in a folder, whatever they were making.
pub fn sweep(folder: &Path) {
    part::sweep(part::ANY, folder);
}

/// The folder that a path lies in.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The file that a path means: itself, or what a symbolic link leads to. Only a regular one may be replaced.
fn behind(path: &Path) -> Result<PathBuf, FileError> {
    let real = match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => std::fs::canonicalize(path).map_err(FileError::at(path))?,
        _ => path.to_owned(),
    };
    match std::fs::metadata(&real) {
        Ok(found) if !found.is_file() => {
            let what = if found.is_dir() { "is a folder" } else { "is no regular file" };
            let source = std::io::Error::other(format!("{what} and can't be replaced; name a file"));
            Err(FileError { path: path.to_owned(), source })
        }
        _ => Ok(real),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_whole_or_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/file.txt");
        write(&path, "first").unwrap();
        let mut abandoned = AtomicFile::create(&path).unwrap();
        abandoned.write_all(b"second").unwrap();
        drop(abandoned);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "first");
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_written_over_stays_what_it_was() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let folder = tempfile::tempdir().unwrap();
        let [real, link] = ["real.txt", "link.txt"].map(|name| folder.path().join(name));
        std::fs::write(&real, "first").unwrap();
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&real, &link).unwrap();
        write(&link, "second").unwrap();
        assert_eq!(std::fs::read_to_string(&real).unwrap(), "second");
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o600);

        for path in [Path::new("/dev/null"), folder.path()] {
            let error = write(path, "third").unwrap_err().to_string();
            assert!(error.contains("name a file"), "{error}");
        }
        symlink(folder.path().join("nowhere"), folder.path().join("broken")).unwrap();
        assert!(write(&folder.path().join("broken"), "fourth").is_err());
    }
}
