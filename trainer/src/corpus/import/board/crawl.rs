//! A board itself: its catalogue, then each thread that is new or has changed, one polite request after the other.
//!
//! Threads are kept as the board answered them, in `STATE/threads/NUMBER.json`, beside a list of what was seen. Each step is
//! whole on the disk before the next begins, so that a run which is killed goes on where it was, and a later run asks
//! only for what changed. Threads that have left the board stay.

mod catalogue;
mod seen;
mod web;

use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

pub use self::web::{Clock, SystemClock};

use self::catalogue::Entry;
use self::seen::Seen;
use self::web::{Answer, Web};
use super::thread;
use crate::corpus::import::{Dropped, ImportError};
use crate::files;
use crate::progress::Progress;

/// A thread is worth asking for from this many replies on, unless said otherwise: more than twenty.
pub const WORTHWHILE: usize = 21;

/// How a board is asked.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where threads and the list of those seen are kept.
    pub state: Option<PathBuf>,
    /// How long to wait between two requests.
    pub pause: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { state: None, pause: Duration::from_secs(1) }
    }
}

/// The address of a board, such as `https://example.org/b/`; ends in a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board(Url);

impl Board {
    /// Whether an input is an address and no file.
    #[must_use]
    pub fn is_address(input: &Path) -> bool {
        input.to_str().is_some_and(|text| text.starts_with("http://") || text.starts_with("https://"))
    }

    /// The board of this address.
    ///
    /// # Errors
    /// It is no board's.
    pub fn at(address: &str) -> Result<Self, ImportError> {
        let wrong = |problem: &str| ImportError::Elsewhere {
            what: "the board's address".to_owned(),
            problem: problem.to_owned(),
            mend: "give one such as https://example.org/b/",
        };
        let mut url = Url::parse(address).map_err(|_| wrong("is no address"))?;
        let plain = url.query().is_none() && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || !plain {
            return Err(wrong("is no plain http address"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("holds a password"));
        }
        let path = format!("{}/", url.path().trim_end_matches('/'));
        url.set_path(&path);
        let board = Self(url);
        if board.name().is_empty() || board.name().contains('.') {
            return Err(wrong("names no board"));
        }
        Ok(board)
    }

    /// `b` of `/b/`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.path().trim_end_matches('/').rsplit('/').next().unwrap_or_default()
    }

    fn page(&self, name: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{name}", self.0.path()));
        url
    }
}

/// How much was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Crawled {
    /// Threads that were asked for and kept.
    pub fetched: u64,
    /// Threads that hadn't changed.
    pub unchanged: u64,
}

/// The folder of the threads.
#[must_use]
pub fn threads(state: &Path) -> PathBuf {
    state.join("threads")
}

/// What a crawl is given beside its board.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// Where everything is kept.
    pub state: &'a Path,
    /// Between two requests.
    pub pause: Duration,
    /// Threads with fewer replies aren't asked for.
    pub min_replies: usize,
    /// Tells the time and waits.
    pub clock: &'a dyn Clock,
    /// Watches.
    pub progress: &'a dyn Progress,
}

/// Asks for what is new on a board and keeps it.
///
/// # Errors
/// The board can't be reached or refuses after several tries, or the folder can't be written: what was kept until then stays.
pub fn fetch(board: &Board, around: Around<'_>, dropped: &mut Dropped) -> Result<Crawled, ImportError> {
    let mut seen = Seen::open(around.state, board.0.as_str())?;
    let mut web = Web::new(around.clock, around.pause)?;
    let entries = catalogue(board, &mut web)?;
    let mut crawled = Crawled::default();
    around.progress.begin(&format!("asking /{}/ for threads", board.name()), Some(entries.len() as u64));
    for (place, entry) in entries.iter().enumerate() {
        around.progress.at(place as u64);
        if entry.posts.is_some_and(|posts| posts < around.min_replies as u64) {
            dropped.count("thread with too few replies");
        } else if seen.knows(entry) {
            crawled.unchanged += 1;
        } else if keep(board, &mut web, entry, dropped, around.state)? {
            seen.remember(entry)?;
            crawled.fetched += 1;
        }
    }
    around.progress.end();
    Ok(crawled)
}

/// The threads of the board, lowest numbers first: those leave it soonest. Boards without a catalogue have a shorter list.
fn catalogue(board: &Board, web: &mut Web<'_>) -> Result<Vec<Entry>, ImportError> {
    for page in ["catalog.json", "threads.json"] {
        let url = board.page(page);
        match web.get(&url)? {
            Answer::Body(body) => return catalogue::parse(&body).map_err(|problem| elsewhere(&url, problem)),
            Answer::Gone => {}
            Answer::TooLarge => return Err(elsewhere(&url, "is too large")),
        }
    }
    Err(elsewhere(&board.page("catalog.json"), "isn't there, and threads.json neither"))
}

fn elsewhere(url: &Url, problem: &str) -> ImportError {
    ImportError::Elsewhere {
        what: url.to_string(),
        problem: problem.to_owned(),
        mend: "give the address of a 2ch-style board, such as https://example.org/b/",
    }
}

/// Asks for a thread and keeps it as it came. One that is gone or broken is counted and asked for again in another run.
fn keep(
    board: &Board,
    web: &mut Web<'_>,
    entry: &Entry,
    dropped: &mut Dropped,
    state: &Path,
) -> Result<bool, ImportError> {
    let body = match web.get(&board.page(&format!("res/{}.json", entry.num)))? {
        Answer::Body(body) => body,
        Answer::Gone => {
            dropped.count("thread that is gone");
            return Ok(false);
        }
        Answer::TooLarge => {
            dropped.count("thread that is too large");
            return Ok(false);
        }
    };
    if !thread::parse(&body).is_ok_and(|thread| thread.number == entry.num) {
        dropped.count("thread that came broken");
        return Ok(false);
    }
    files::write(&threads(state).join(format!("{}.json", entry.num)), body)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_boards_are_boards() {
        for (address, whole) in [
            ("https://example.org/b/", "https://example.org/b/"),
            ("http://127.0.0.1:8080/b", "http://127.0.0.1:8080/b/"),
            ("https://example.org/deep/vg//", "https://example.org/deep/vg/"),
        ] {
            assert_eq!(Board::at(address).unwrap().0.as_str(), whole);
        }
        assert_eq!(Board::at("https://example.org/deep/vg").unwrap().name(), "vg");
        for wrong in [
            "https://example.org/",
            "https://example.org/b/?x=1",
            "https://example.org/b/#x",
            "https://u:p@example.org/b/",
            "https://example.org/b/res/1.html",
            "ftp://example.org/b/",
            "b",
        ] {
            assert!(Board::at(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn pages_lie_below_the_board() {
        let board = Board::at("https://example.org/b").unwrap();
        assert_eq!(board.page("res/12.json").as_str(), "https://example.org/b/res/12.json");
    }
}
