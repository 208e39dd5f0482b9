//! Threads of 2ch-style imageboards, from files as the board's API writes them or from the board itself ([`crawl`]).
//!
//! A file holds one thread, in the API's current or older shape. It is read whole, because any post may answer any earlier one.

mod bump;
mod comment;
pub mod crawl;
mod graph;
mod thread;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use self::crawl::{Around, Board, SystemClock};
use super::{Dropped, ImportError, ImportOptions, Place, Sink};
use crate::files::FileError;
use crate::progress::Progress;

const MEND: &str = "give a thread as a board's API answers it (/b/res/NUMBER.json)";

/// The largest thread that is read, in bytes. Boards end threads long before.
pub const LARGEST_THREAD: u64 = 64 << 20;

/// How threads become dialogues.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Threads with fewer replies are left out [default: none of files, those below [`crawl::WORTHWHILE`] of a board].
    pub min_replies: Option<usize>,
    /// Whether a post that refers to none answers the thread's first.
    pub unaddressed: bool,
    /// How a board is asked.
    pub crawl: crawl::Options,
}

/// Reads a thread, or a folder's threads (`NUMBER.json`) by their numbers.
///
/// # Errors
/// A file can't be read or holds no thread.
pub fn read(path: &Path, options: &ImportOptions, dropped: &mut Dropped, sink: &mut Sink) -> Result<(), ImportError> {
    let reader = Reader { options, min_replies: options.board.min_replies.unwrap_or(0), board: None };
    if !path.is_dir() {
        return reader.read(path, dropped, sink);
    }
    if !holds_threads(path)? {
        return Err(ImportError::malformed(
            path,
            Place::Whole,
            "holds no thread",
            "give a folder of files NUMBER.json",
        ));
    }
    reader.read_all(path, dropped, sink)
}

/// Asks a board for what is new, then reads all its threads that were ever kept.
///
/// # Errors
/// As [`crawl::fetch`] and [`read`], or no folder to keep threads in is named.
pub fn read_board(
    address: &str,
    options: &ImportOptions,
    progress: &dyn Progress,
    dropped: &mut Dropped,
    sink: &mut Sink,
) -> Result<(), ImportError> {
    let board = Board::at(address)?;
    let Some(state) = &options.board.crawl.state else {
        let what = "the board's threads".to_owned();
        let problem = "have no folder to be kept in".to_owned();
        return Err(ImportError::Elsewhere { what, problem, mend: "name one with --state" });
    };
    let min_replies = options.board.min_replies.unwrap_or(crawl::WORTHWHILE);
    let around = Around { state, pause: options.board.crawl.pause, min_replies, clock: &SystemClock, progress };
    crawl::fetch(&board, around, dropped)?;
    Reader { options, min_replies, board: Some(board.name()) }.read_all(&crawl::threads(state), dropped, sink)
}

/// Whether a folder holds threads.
pub(super) fn holds_threads(folder: &Path) -> Result<bool, ImportError> {
    Ok(!threads_in(folder)?.is_empty())
}

struct Reader<'a> {
    options: &'a ImportOptions,
    min_replies: usize,
    /// The board's name, where threads don't tell it.
    board: Option<&'a str>,
}

impl Reader<'_> {
    fn read_all(&self, folder: &Path, dropped: &mut Dropped, sink: &mut Sink) -> Result<(), ImportError> {
        threads_in(folder)?.iter().try_for_each(|file| self.read(file, dropped, sink))
    }

    fn read(&self, path: &Path, dropped: &mut Dropped, sink: &mut Sink) -> Result<(), ImportError> {
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(LARGEST_THREAD + 1).read_to_end(&mut bytes))
            .map_err(FileError::at(path))?;
        if bytes.len() as u64 > LARGEST_THREAD {
            let problem = format!("is larger than {LARGEST_THREAD} bytes");
            return Err(ImportError::malformed(path, Place::Whole, problem, MEND));
        }
        let mut thread = thread::parse(&bytes).map_err(|problem| problem.in_file(path))?;
        thread.board = thread.board.or_else(|| self.board.map(str::to_owned));
        if thread.posts.len().saturating_sub(1) < self.min_replies {
            dropped.count("thread with too few replies");
            return Ok(());
        }
        Ok(graph::dialogues(&thread, self.options, dropped, sink)?)
    }
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
