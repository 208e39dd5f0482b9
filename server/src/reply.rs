//! From a generated text to what is sent, or the reason why nothing is. Pure: no clock, no store, no transport.

mod filter;
mod flow;
mod links;
mod shape;
mod tidy;

pub use self::flow::Flow;
use crate::config::persona::{Filter, Persona};
use crate::prompt::Markers;

/// What becomes of a generated text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A reply: not empty, and at most [`MAX_UTF16_UNITS`] long.
    Text(String),
    /// Nothing to send.
    Discard(Discard),
}

/// Why a generated text is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Discard {
    /// Nothing readable is left of it.
    Empty,
    /// It has no Cyrillic letter, and the manifest's `start_at` asks for one.
    NoCyrillic,
    /// It has a word of the manifest's `filter.words`.
    FilteredWord,
}

impl Discard {
    /// The reason in a word, for the metrics and the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NoCyrillic => "no_cyrillic",
            Self::FilteredWord => "filtered_word",
        }
    }
}

/// The longest message that can be sent, in UTF-16 units.
pub const MAX_UTF16_UNITS: usize = 4096;

/// Cleans a generated text by the persona's `reply` and `filter`.
pub fn clean(persona: &Persona, markers: &Markers, generated: &str) -> Outcome {
    let rules = &persona.reply;
    let text = shape::without_markers(generated, markers);
    let Some(text) = shape::start(&text, rules.start_at) else { return Outcome::Discard(Discard::NoCyrillic) };
    let text = shape::replace(shape::cut(text, rules.cut), &rules.replace);
    let text = tidy::tidy(&tidy::without_controls(&text));
    let text = tidy::shorten(&without_links(text, &persona.filter), MAX_UTF16_UNITS);
    if !tidy::is_readable(&text) {
        return Outcome::Discard(Discard::Empty);
    }
    if filter::has_word(&text, &persona.filter.words) {
        return Outcome::Discard(Discard::FilteredWord);
    }
    Outcome::Text(text)
}

/// Cuts and tidies until neither changes anything: what stood on both sides of a cut may be a link or a number of its own.
fn without_links(mut text: String, filter: &Filter) -> String {
    loop {
        let cut = tidy::tidy(&links::cut(&text, filter));
        if cut == text {
            return text;
        }
        text = cut;
    }
}

#[cfg(test)]
mod tests;
