//! Which content a checkpoint folder has, found out by reading its files, or by their looking as they did when that was
//! done. Knows no weights.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::error::LoadError;
use super::files::Folder;
use crate::cache::{Cache, Mark, Record};

/// A file that was changed so recently may be changed again without looking any different: some file systems keep
/// times of two seconds.
const SETTLING: Duration = Duration::from_secs(2);

/// What a folder held at some time.
#[derive(Debug)]
pub(crate) struct Identity {
    content: [u8; 32],
    /// How its files looked before they were read, where that is enough to see that they are the same.
    marks: Option<Vec<Mark>>,
}

impl Identity {
    /// SHA-256 over every file that loading would read.
    pub(crate) fn content(&self) -> [u8; 32] {
        self.content
    }

    /// The identity of a folder as it is now.
    pub(crate) fn of(folder: &Path, cache: Option<&Cache>) -> Result<Self, LoadError> {
        let files = Folder::open(folder)?;
        let marks = marks(&files)?;
        if !are_settled(&marks, SystemTime::now()) {
            return Ok(Self { content: files.hash()?, marks: None });
        }
        let place = folder.canonicalize().map_err(|source| LoadError::Read { path: folder.to_owned(), source })?;
        if let Some(content) = cache.and_then(|cache| cache.recall(&place, &marks)) {
            return Ok(Self { content, marks: Some(marks) });
        }
        let identity = Self { content: files.hash()?, marks: Some(marks.clone()) };
        if let Some(cache) = cache.filter(|_| identity.holds(folder, None)) {
            cache.remember(&Record::new(place, marks, identity.content));
        }
        Ok(identity)
    }

    /// Whether the folder holds the same as when it was looked at.
    pub(crate) fn holds(&self, folder: &Path, cache: Option<&Cache>) -> bool {
        match &self.marks {
            Some(before) => Folder::open(folder).and_then(|files| marks(&files)).is_ok_and(|now| now == *before),
            None => Self::of(folder, cache).is_ok_and(|now| now.content == self.content),
        }
    }
}

fn marks(files: &Folder) -> Result<Vec<Mark>, LoadError> {
    let mark = |path: &Path| match path.metadata() {
        Ok(metadata) => Ok(Mark::new(path, &metadata)),
        Err(source) => Err(LoadError::Read { path: path.to_owned(), source }),
    };
    files.paths().map(mark).collect()
}

/// Whether any change from now on would show.
fn are_settled(marks: &[Mark], now: SystemTime) -> bool {
    let before = now.checked_sub(SETTLING).and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    let Some(before) = before.and_then(|time| i128::try_from(time.as_nanos()).ok()) else { return false };
    marks.iter().all(|mark| mark.latest() < before)
}
