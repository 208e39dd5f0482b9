//! What a file is: as somebody says, or by its looks.

use std::fs::File;
use std::io::Read;
use std::path::Path;

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
}

impl Format {
    /// All of them, in the order in which people are told of them.
    pub const ALL: [Self; 2] = [Self::Auto, Self::Telegram];

    /// As the command line calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Telegram => "telegram",
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
        return Ok(Format::Telegram);
    }
    let mut head = Vec::new();
    File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head)).map_err(FileError::at(path))?;
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_lowercase();
    match extension.as_str() {
        "html" | "htm" | "json" => Ok(Format::Telegram),
        _ => Err(ImportError::malformed(path, Place::Whole, "looks like no known format", "name one with --format")),
    }
}
