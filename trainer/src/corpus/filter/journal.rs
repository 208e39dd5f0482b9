//! The scores found so far, on disk beside the output: a line for each batch, in the order of the batches. A line that a
//! crash tore, and all after it, is as if it were not there. Knows no classifier: a key tells what the scores depend on.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::files::FileError;

/// What a journal begins with, before its key.
const TITLE: &str = "maskarad scores 1";

/// Why a journal can't be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It can't be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// Another run is at it.
    #[error("{}: another run is scoring for this output; wait for it, or stop it", .0.display())]
    Busy(PathBuf),
    /// It holds something else than its key promises.
    #[error("{}: doesn't fit the input; remove it and run again", .0.display())]
    Misfit(PathBuf),
}

/// A journal that is being written. Held by one process at a time.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    lines: usize,
}

impl Journal {
    /// Opens the journal of an output, with the scores of each batch that it holds under this key. A journal of another
    /// key is begun anew.
    pub(super) fn open(output: &Path, key: blake3::Hash) -> Result<(Self, Vec<Vec<f32>>), JournalError> {
        let path = path_for(output);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(FileError::at(folder))?;
        }
        let located = |source| FileError { path: path.clone(), source };
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(located)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(JournalError::Busy(path)),
            Err(TryLockError::Error(source)) => return Err(located(source).into()),
        }
        let mut journal = Self { path: path.clone(), file, lines: 0 };
        let title = format!("{TITLE} {key}\n");
        let (known, end) = journal.read(&title).map_err(located)?;
        journal.lines = known.len();
        journal.cut(&title, end).map_err(located)?;
        Ok((journal, known))
    }

    /// The batches of this key, and the byte after the last whole one.
    fn read(&mut self, title: &str) -> std::io::Result<(Vec<Vec<f32>>, u64)> {
        let mut reader = BufReader::new(&self.file);
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line)?;
        if line != title.as_bytes() {
            if line.ends_with(b"\n") {
                tracing::warn!("{}: is of another input, classifier or label; scoring anew", self.path.display());
            }
            return Ok((Vec::new(), 0));
        }
        let (mut known, mut end) = (Vec::new(), line.len() as u64);
        loop {
            line.clear();
            reader.read_until(b'\n', &mut line)?;
            match parse(known.len(), &line) {
                None => return Ok((known, end)),
                Some(scores) => known.push(scores),
            }
            end += line.len() as u64;
        }
    }

    /// Leaves nothing after the byte `end`, and the title where nothing was.
    fn cut(&mut self, title: &str, end: u64) -> std::io::Result<()> {
        self.file.set_len(end)?;
        self.file.seek(SeekFrom::Start(end))?;
        if end == 0 {
            self.file.write_all(title.as_bytes())?;
        }
        Ok(())
    }

    /// Adds the scores of the next batch.
    pub(super) fn append(&mut self, scores: &[f32]) -> Result<(), JournalError> {
        self.file.write_all(&line(self.lines, scores)).map_err(FileError::at(&self.path))?;
        self.lines += 1;
        Ok(())
    }

    pub(super) fn misfit(&self) -> JournalError {
        JournalError::Misfit(self.path.clone())
    }

    /// Takes it away: the output stands.
    pub(super) fn remove(self) -> Result<(), JournalError> {
        std::fs::remove_file(&self.path).map_err(FileError::at(&self.path))?;
        Ok(())
    }
}

fn path_for(output: &Path) -> PathBuf {
    let mut path = output.as_os_str().to_owned();
    path.push(".scores");
    path.into()
}

/// A batch as a line: each score's bits, then the beginning of a hash over the batch's number and these.
fn line(number: usize, scores: &[f32]) -> Vec<u8> {
    let bits: String = scores.iter().map(|score| format!("{:08x}", score.to_bits())).collect();
    format!("{bits} {}\n", seal(number, &bits)).into_bytes()
}

fn seal(number: usize, bits: &str) -> String {
    blake3::hash(format!("{number} {bits}").as_bytes()).to_hex()[..8].to_owned()
}

/// The scores of a line, if it is whole and stands where it belongs.
fn parse(number: usize, line: &[u8]) -> Option<Vec<f32>> {
    let (bits, found) = std::str::from_utf8(line).ok()?.strip_suffix('\n')?.split_once(' ')?;
    if found != seal(number, bits) || !bits.is_ascii() {
        return None;
    }
    let scores = bits.as_bytes().chunks(8).map(|eight| {
        let digits = std::str::from_utf8(eight).ok()?;
        Some(f32::from_bits(u32::from_str_radix(digits, 16).ok()?))
    });
    scores.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> blake3::Hash {
        blake3::hash(name.as_bytes())
    }

    const BATCHES: [&[f32]; 3] = [&[0.25, 1e-30], &[0.1], &[0.5, 0.75, 1.0]];

    fn written(output: &Path) -> Vec<u8> {
        let (mut journal, known) = Journal::open(output, key("a")).unwrap();
        assert!(known.is_empty());
        BATCHES.iter().for_each(|batch| journal.append(batch).unwrap());
        std::fs::read(path_for(output)).unwrap()
    }

    #[test]
    fn wherever_it_is_torn_whole_lines_are_known_and_it_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("deep/o.jsonl");
        let whole = written(&output);
        for length in 0..=whole.len() {
            std::fs::write(path_for(&output), &whole[..length]).unwrap();
            let (mut journal, known) = Journal::open(&output, key("a")).unwrap();
            let lines = whole[..length].iter().filter(|byte| **byte == b'\n').count();
            assert_eq!(known, BATCHES[..lines.saturating_sub(1)]);
            BATCHES[known.len()..].iter().for_each(|batch| journal.append(batch).unwrap());
            assert_eq!(std::fs::read(path_for(&output)).unwrap(), whole, "torn at {length}");
        }
    }

    #[test]
    fn a_line_that_was_altered_or_moved_ends_it() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("o.jsonl");
        let whole = String::from_utf8(written(&output)).unwrap();
        let lines: Vec<&str> = whole.lines().collect();
        let swapped = [lines[0], lines[2], lines[1], lines[3], ""].join("\n");
        std::fs::write(path_for(&output), swapped).unwrap();
        assert_eq!(Journal::open(&output, key("a")).unwrap().1.len(), 0);
        std::fs::write(path_for(&output), whole.replacen("3dcccccd", "3dcccccc", 1)).unwrap();
        assert_eq!(Journal::open(&output, key("a")).unwrap().1, [BATCHES[0]]);
    }

    #[test]
    fn another_key_starts_anew_and_two_runs_do_not_mix() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("o.jsonl");
        written(&output);
        let (journal, known) = Journal::open(&output, key("b")).unwrap();
        assert!(known.is_empty());
        assert!(matches!(Journal::open(&output, key("b")), Err(JournalError::Busy(_))));
        journal.remove().unwrap();
        assert!(!path_for(&output).exists());
    }
}
