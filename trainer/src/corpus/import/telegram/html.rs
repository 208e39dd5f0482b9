//! `messages*.html`: the pages of one chat, one in memory at a time.

mod dom;
mod message;
mod nesting;
mod page;

use std::path::PathBuf;

use self::message::Reader;
use self::page::Page;
use super::chat::Chat;
use crate::corpus::import::{Dropped, ImportError, ImportOptions, Sink};

/// Reads the pages of a chat in their order.
pub(super) fn read(
    pages: &[PathBuf],
    options: &ImportOptions,
    dropped: &mut Dropped,
    sink: &mut Sink,
) -> Result<(), ImportError> {
    let Some(first) = pages.first() else { return Ok(()) };
    // Read once more below, so that the loop holds one page and no special case.
    let title = Page::open(first)?.title();
    let mut chat = Chat::new(format!("telegram:{title}"), options, dropped, sink);
    let mut reader = Reader::default();
    for path in pages {
        let page = Page::open(path)?;
        for (index, element) in page.messages()?.enumerate() {
            let entry = reader.entry(element).map_err(|wrong| page.malformed(index, wrong))?;
            if let Some(entry) = entry {
                chat.take(entry).map_err(|error| error.told(|twice| page.malformed(index, twice)))?;
            }
        }
    }
    chat.finish().map_err(|error| error.told(|twice| page::malformed(first, twice)))
}
