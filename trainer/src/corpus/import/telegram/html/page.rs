//! A page: whether it is one, and where its messages are.

use std::io::Read;
use std::path::{Path, PathBuf};

use scraper::{ElementRef, Html, Selector};

use super::{dom, nesting};
use crate::corpus::import::input::{self, Text};
use crate::corpus::import::{ImportError, Place};
use crate::files::FileError;

/// A page of Telegram Desktop's holds a thousand messages.
const LONGEST: u64 = 64 << 20;

const MEND: &str = "expected the messages.html of an export by Telegram Desktop";

/// A page of a chat.
pub(super) struct Page {
    path: PathBuf,
    text: String,
    document: Html,
}

impl Page {
    /// # Errors
    /// It can't be read, isn't UTF-8, or ends before its end.
    pub(super) fn open(path: &Path) -> Result<Self, ImportError> {
        let length = std::fs::metadata(path).map_err(FileError::at(path))?.len();
        if length > LONGEST {
            return Err(malformed(path, format!("is longer than {LONGEST} bytes")));
        }
        let mut text = String::new();
        Text::open(path)?.read_to_string(&mut text).map_err(|error| input::told(path, error))?;
        if !text.trim_end().ends_with("</html>") {
            let mend = "export it again, or copy it whole";
            let problem = "the page doesn't end with </html>";
            return Err(ImportError::malformed(path, Place::Line(line(&text)), problem, mend));
        }
        if let Some(byte) = nesting::excess(&text) {
            let place = Place::Line(line(&text[..byte]));
            return Err(ImportError::malformed(path, place, "too many elements are open here", MEND));
        }
        let document = Html::parse_document(&text);
        Ok(Self { path: path.to_owned(), text, document })
    }

    /// What the chat is called; without a name, its folder's.
    pub(super) fn title(&self) -> String {
        let title = self.find("div.page_header .text").map(dom::text).unwrap_or_default();
        match title.trim() {
            "" => self.path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned(),
            title => title.to_owned(),
        }
    }

    /// The elements of its messages, in their order.
    ///
    /// # Errors
    /// It is no page of a chat.
    pub(super) fn messages(&self) -> Result<impl Iterator<Item = ElementRef<'_>>, ImportError> {
        let history = self.find("div.history");
        let history =
            history.ok_or_else(|| malformed(&self.path, "is no page of a chat: it has no history".to_owned()))?;
        Ok(dom::children(history).filter(|element| dom::is(*element, "message")))
    }

    /// Something is wrong with the message of this place among its messages.
    pub(super) fn malformed(&self, index: usize, problem: impl ToString) -> ImportError {
        // The parser keeps no lines. Whatever is found by the messages' own mark is theirs: text has its quotes escaped.
        let begin = self.text.match_indices("<div class=\"message").nth(index).map_or(0, |(begin, _)| begin);
        let place = Place::Line(line(&self.text[..begin]));
        ImportError::malformed(&self.path, place, problem.to_string(), MEND)
    }

    fn find(&self, selector: &str) -> Option<ElementRef<'_>> {
        let selector = Selector::parse(selector).expect("our own selectors are sound");
        self.document.select(&selector).next()
    }
}

/// The page as a whole is wrong.
pub(super) fn malformed(path: &Path, problem: impl ToString) -> ImportError {
    ImportError::malformed(path, Place::Whole, problem.to_string(), MEND)
}

/// The line in which a text ends, from one.
fn line(text: &str) -> u64 {
    text.bytes().filter(|byte| *byte == b'\n').count() as u64 + 1
}
