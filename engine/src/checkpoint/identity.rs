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
        Self::at(SystemTime::now(), folder, cache)
    }

    fn at(now: SystemTime, folder: &Path, cache: Option<&Cache>) -> Result<Self, LoadError> {
        let files = Folder::open(folder)?;
        let marks = marks(&files)?;
        if !are_settled(&marks, now) {
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

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::synthetic::{Shape, write_checkpoint};

    fn later() -> SystemTime {
        SystemTime::now() + Duration::from_secs(10)
    }

    fn modified(path: &Path) -> SystemTime {
        path.metadata().unwrap().modified().unwrap()
    }

    #[test]
    fn what_was_found_out_is_remembered_until_a_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (path, file) = (folder.path(), folder.path().join("model.safetensors"));
        let cache = Cache::new(path.join("cache"));
        write_checkpoint(path, Shape::TINY, 1).unwrap();
        let first = Identity::at(later(), path, Some(&cache)).unwrap();
        let place = path.canonicalize().unwrap();
        assert_eq!(cache.recall(&place, &first.marks.clone().unwrap()), Some(first.content));
        assert!(first.holds(path, None));
        // The record is believed: this content is none that any file has.
        cache.remember(&Record::new(place, first.marks.clone().unwrap(), [3; 32]));
        assert_eq!(Identity::at(later(), path, Some(&cache)).unwrap().content, [3; 32]);
        // Of equal size, of an equal time, in place.
        let before = modified(&file);
        write_checkpoint(path, Shape::TINY, 2).unwrap();
        File::options().append(true).open(&file).unwrap().set_modified(before).unwrap();
        assert_eq!(modified(&file), before);
        assert!(!first.holds(path, None));
        let second = Identity::at(later(), path, Some(&cache)).unwrap();
        assert_ne!(second.content, first.content);
        assert_ne!(second.content, [3; 32]);
    }

    #[test]
    fn what_was_changed_just_now_is_not_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().join("cache"));
        write_checkpoint(folder.path(), Shape::TINY, 1).unwrap();
        let now = Identity::at(SystemTime::now(), folder.path(), Some(&cache)).unwrap();
        assert!(now.marks.is_none() && !folder.path().join("cache").exists());
        assert!(now.holds(folder.path(), None));
        write_checkpoint(folder.path(), Shape::TINY, 2).unwrap();
        assert!(!now.holds(folder.path(), None));
    }

    #[test]
    fn files_that_come_and_go_count() {
        let folder = tempfile::tempdir().unwrap();
        write_checkpoint(folder.path(), Shape::TINY, 1).unwrap();
        let before = Identity::at(later(), folder.path(), None).unwrap();
        std::fs::write(folder.path().join("generation_config.json"), "{}").unwrap();
        assert!(!before.holds(folder.path(), None));
    }
}
