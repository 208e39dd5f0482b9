//! Threads of 2ch-style imageboards, from files as the board's API writes them or from the board itself ([`crawl`]).
//!
//! A file holds one thread, in the API's current or older shape. It is read whole, because any post may answer any earlier one.

mod bump;
mod comment;
mod graph;
mod thread;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Dropped, ImportError, ImportOptions, Place, Sink};
use crate::files::FileError;

const MEND: &str = "give a thread as a board's API answers it (/b/res/NUMBER.json)";

/// The largest thread that is read, in bytes. Boards end threads long before.
pub const LARGEST_THREAD: u64 = 64 << 20;

/// How threads become dialogues.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Threads with fewer replies are left out.
    pub min_replies: usize,
    /// Whether a post that refers to none answers the thread's first.
    pub unaddressed: bool,
}

/// Reads a thread, or a folder's threads (`*.json`) by their numbers.
///
/// # Errors
/// A file can't be read or holds no thread.
pub fn read(path: &Path, options: &ImportOptions, dropped: &mut Dropped, sink: &mut Sink) -> Result<(), ImportError> {
    if !path.is_dir() {
        return read_file(path, options, dropped, sink);
    }
    let files = threads_in(path)?;
    if files.is_empty() {
        return Err(ImportError::malformed(path, Place::Whole, "holds no thread", "give a folder with files NUMBER.json"));
    }
    files.iter().try_for_each(|file| read_file(file, options, dropped, sink))
}

/// Whether a folder holds threads.
pub(super) fn holds_threads(folder: &Path) -> Result<bool, ImportError> {
    Ok(!threads_in(folder)?.is_empty())
}

fn read_file(path: &Path, options: &ImportOptions, dropped: &mut Dropped, sink: &mut Sink) -> Result<(), ImportError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST_THREAD + 1).read_to_end(&mut bytes))
        .map_err(FileError::at(path))?;
    if bytes.len() as u64 > LARGEST_THREAD {
        let problem = format!("is larger than {LARGEST_THREAD} bytes");
        return Err(ImportError::malformed(path, Place::Whole, problem, MEND));
    }
    let thread = thread::parse(&bytes).map_err(|problem| problem.in_file(path))?;
    graph::dialogues(&thread, options, dropped, sink)?;
    Ok(())
}

/// The folder's files that are named after a number, in the order of the numbers.
fn threads_in(folder: &Path) -> Result<Vec<PathBuf>, ImportError> {
    let entries = std::fs::read_dir(folder).map_err(FileError::at(folder))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(FileError::at(folder))?.path();
        let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<u64>().ok());
        if let (Some(number), true) = (number, path.extension().is_some_and(|extension| extension == "json")) {
            found.push((number, path));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}
