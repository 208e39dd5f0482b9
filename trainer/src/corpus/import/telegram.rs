//! Exports of Telegram Desktop: one chat or a whole account, as JSON or as HTML.
//!
//! Both kinds are read into the same [`chat::Entry`], one message at a time, and give the same dialogues. HTML holds less:
//! it names people but doesn't number them, so there a person's name is their id, and two of one name are one person.

mod author;
mod chat;
mod json;
mod text;
mod time;

use std::path::Path;

use super::{Dropped, ImportError, ImportOptions, Sink};

/// Reads an export: a file, or the folder that it lies in.
///
/// # Errors
/// It can't be read or is no export.
pub fn read(path: &Path, options: &ImportOptions, dropped: &mut Dropped, sink: &mut Sink) -> Result<(), ImportError> {
    json::read(path, options, dropped, sink)
}
