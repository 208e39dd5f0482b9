//! JSON lines of `{"dialogue": ["…", "…"]}`: turns without authors, the newest first unless said otherwise.

use std::path::Path;

use serde::Deserialize;

use super::lines::Lines;
use super::{Dropped, ImportError, ImportOptions, Sink, json, turns};

/// How such dialogues are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The first turn of a line is the oldest.
    pub oldest_first: bool,
    /// Only the newest turn of a line is learned; the others stand in lines of their own.
    pub newest_only: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    dialogue: Vec<String>,
}

/// Reads a file.
///
/// # Errors
/// It can't be read, or a line is something else.
pub fn read(path: &Path, options: &ImportOptions, dropped: &mut Dropped, sink: &mut Sink) -> Result<(), ImportError> {
    let (mut lines, source) = (Lines::open(path)?, turns::name_of(path));
    while let Some(line) = lines.next()? {
        if line.trim().is_empty() {
            continue;
        }
        let parsed = serde_json::from_str::<Line>(line);
        let number = lines.number();
        let Line { mut dialogue } = parsed.map_err(|error| {
            json::malformed(path, &error, number, "write each line as {\"dialogue\": [\"newest\", \"older\"]}")
        })?;
        if !options.dialogues.oldest_first {
            dialogue.reverse();
        }
        let made = if options.dialogues.newest_only { turns::answer } else { turns::dialogue };
        if let Some(dialogue) = made(&source, dialogue, dropped) {
            sink(dialogue)?;
        }
    }
    Ok(())
}
