//! What a file is: as somebody says, or by its looks.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::board;
use super::error::{ImportError, Place};
use crate::files::FileError;

/// How much of a file is looked at.
const HEAD: u64 = 1 << 16;

/// A kind of input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Whatever it looks like.
    #[default]
    Auto,
    /// An export of Telegram Desktop, as JSON or as HTML.
    Telegram,
    /// Posts of a channel, exported by Telegram Desktop: each is a text of its own.
    Posts,
    /// Threads of an imageboard, as its API answers them.
    Board,
    /// Plain text with separators.
    Plain,
    /// JSON lines of `{"dialogue": […]}`.
    Dialogues,
    /// JSON lines of `{"play", "speaker", "text"}`.
    Utterances,
    /// A table of contexts and responses.
    Csv,
}

impl Format {
    /// All of them, in the order in which people are told of them.
    pub const ALL: [Self; 8] = [
        Self::Auto,
        Self::Telegram,
        Self::Posts,
        Self::Board,
        Self::Plain,
        Self::Dialogues,
        Self::Utterances,
        Self::Csv,
    ];

    /// As the command line calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Telegram => "telegram",
            Self::Posts => "posts",
            Self::Board => "board",
            Self::Plain => "plain",
            Self::Dialogues => "dialogues",
            Self::Utterances => "utterances",
            Self::Csv => "csv",
        }
    }

    /// The format of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// Guesses by a file's name and its first bytes, or by what lies in a folder.
///
/// # Errors
/// It can't be read, or looks like nothing that is known.
pub fn detect(path: &Path) -> Result<Format, ImportError> {
    if path.is_dir() {
        return Ok(if board::holds_threads(path)? { Format::Board } else { Format::Telegram });
    }
    let mut head = Vec::new();
    File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head)).map_err(FileError::at(path))?;
    let head = String::from_utf8_lossy(&head);
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_lowercase();
    let found = match extension.as_str() {
        "html" | "htm" => Some(Format::Telegram),
        "json" => Some(of_json(&head)),
        "jsonl" | "ndjson" => of_lines(&head),
        "csv" => Some(Format::Csv),
        "txt" => Some(Format::Plain),
        _ => None,
    };
    found.ok_or_else(|| {
        ImportError::malformed(path, Place::Whole, "looks like no known format", "name one with --format")
    })
}

/// By the keys that only one of both has. A quote within a text is escaped, so these are keys.
fn of_json(head: &str) -> Format {
    let has = |key: &str| head.contains(key);
    if !has("\"messages\"") && !has("\"chats\"") && (has("\"posts\"") || has("\"comment\"")) {
        Format::Board
    } else {
        Format::Telegram
    }
}

fn of_lines(head: &str) -> Option<Format> {
    let first = head.lines().find(|line| !line.trim().is_empty())?;
    if first.contains("\"dialogue\"") {
        Some(Format::Dialogues)
    } else if first.contains("\"speaker\"") {
        Some(Format::Utterances)
    } else {
        None
    }
}
