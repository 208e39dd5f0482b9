//! From foreign files to the canonical corpus. Each format has a file of its own; what was left out is counted by reason.
//!
//! A format's reader is a function `read(path, options, dropped, sink)`: it hands over dialogues one at a time and holds
//! no more of the file in memory than it must. Where dialogues are written to, and that a failed import leaves no trace,
//! is decided here. How messages become dialogues is [`pairing`]'s business.

pub mod board;
pub mod dialogues;
pub mod error;
pub mod format;
pub mod input;
mod json;
mod lines;
pub mod pairing;
pub mod plain;
pub mod posts;
pub mod table;
pub mod telegram;
mod turns;
pub mod utterances;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use self::board::crawl::Board;
pub use self::error::{ImportError, Place};
pub use self::format::Format;
use self::pairing::Rules;
use super::record::{Dialogue, Writer};
use crate::files::FileError;
use crate::progress::Progress;

/// Where importers put the dialogues they find, one at a time.
pub type Sink<'a> = dyn FnMut(Dialogue) -> Result<(), FileError> + 'a;

/// Why messages were left out, and how many.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Dropped(pub BTreeMap<&'static str, u64>);

impl Dropped {
    /// Counts one, for a reason such as `service message`.
    pub fn count(&mut self, reason: &'static str) {
        self.add(reason, 1);
    }

    /// Counts several.
    pub fn add(&mut self, reason: &'static str, messages: u64) {
        if messages > 0 {
            *self.0.entry(reason).or_default() += messages;
        }
    }
}

/// How files are read.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// What they are.
    pub format: Format,
    /// How messages become dialogues.
    pub rules: Rules,
    /// What is kept of a channel's posts.
    pub posts: posts::Options,
    /// How threads of a board are read.
    pub board: board::Options,
    /// How plain text is read.
    pub plain: plain::Options,
    /// How lines of dialogues are read.
    pub dialogues: dialogues::Options,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct ImportReport {
    /// Dialogues that were written.
    pub dialogues: u64,
    /// Their turns, those repeated as context included.
    pub turns: u64,
    /// Turns that stand as themselves: what there is to learn.
    pub messages: u64,
    /// Messages that were joined to the one before, for the same person had just written it.
    pub joined: u64,
    /// What was left out and why.
    pub dropped: Dropped,
}

impl ImportReport {
    fn add(&mut self, dialogue: &Dialogue) {
        self.dialogues += 1;
        self.turns += dialogue.turns.len() as u64;
        self.messages += dialogue.turns.iter().filter(|turn| !turn.context).count() as u64;
    }
}

/// Reads the files and folders in their order and writes one corpus, which stands at `output` only once all of them were
/// read to their ends. The same inputs give the same bytes.
///
/// # Errors
/// An input that can't be read or isn't what it was taken for; what stood at `output` is still there then.
pub fn import(
    inputs: &[PathBuf],
    output: &Path,
    options: &ImportOptions,
    progress: &dyn Progress,
) -> Result<ImportReport, ImportError> {
    let mut writer = Writer::create(output)?;
    let (mut report, mut dropped) = (ImportReport::default(), Dropped::default());
    for input in inputs {
        // An address may hold a password, and tells of itself once it is known to be sound.
        if !Board::is_address(input) {
            progress.begin(&input.display().to_string(), None);
        }
        let mut sink = |dialogue: Dialogue| {
            report.add(&dialogue);
            progress.at(report.dialogues);
            writer.write(&dialogue)
        };
        read(input, options, progress, &mut dropped, &mut sink)?;
        progress.end();
    }
    writer.commit()?;
    report.joined = dropped.0.remove(pairing::JOINED).unwrap_or_default();
    report.dropped = dropped;
    Ok(report)
}

/// Reads one file, folder or board by its format.
fn read(
    path: &Path,
    options: &ImportOptions,
    progress: &dyn Progress,
    dropped: &mut Dropped,
    sink: &mut Sink,
) -> Result<(), ImportError> {
    if let Some(address) = path.to_str().filter(|_| Board::is_address(path)) {
        return board::read_board(address, options, progress, dropped, sink);
    }
    let format = match options.format {
        Format::Auto => format::detect(path)?,
        named => named,
    };
    match format {
        Format::Auto | Format::Telegram | Format::Posts => telegram::read(path, options, dropped, sink),
        Format::Board => board::read(path, options, dropped, sink),
        Format::Plain => plain::read(path, options, dropped, sink),
        Format::Dialogues => dialogues::read(path, options, dropped, sink),
        Format::Utterances => utterances::read(path, options, dropped, sink),
        Format::Csv => table::read(path, options, dropped, sink),
    }
}
