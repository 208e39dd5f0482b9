//! Exports of Telegram Desktop: one chat or a whole account, as JSON or as HTML.
//!
//! Both kinds are read into the same `chat::Entry`, one message at a time, and give the same dialogues. HTML holds less:
//! it names people but doesn't number them, so there a person's name is their id, and two of one name are one person.

mod author;
mod chat;
mod folder;
mod html;
mod json;
mod text;
mod time;

use std::path::Path;

use self::folder::Export;
use super::{Dropped, ImportError, ImportOptions, Sink};

/// Reads an export: a file, or the folder that it lies in. JSON is taken where a folder has both.
///
/// # Errors
/// It can't be read or is no export.
pub fn read(path: &Path, options: &ImportOptions, dropped: &mut Dropped, sink: &mut Sink) -> Result<(), ImportError> {
    for export in folder::exports(path)? {
        match export {
            Export::Json(file) => json::read(&file, options, dropped, sink)?,
            Export::Pages(pages) => html::read(&pages, options, dropped, sink)?,
        }
    }
    Ok(())
}
