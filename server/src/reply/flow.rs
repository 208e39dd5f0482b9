//! A reply while it is generated: what of it can be shown because nothing that comes can change it any more.

use super::{Outcome, clean};
use crate::config::persona::Persona;
use crate::prompt::Markers;

/// The reply so far.
///
/// What is generated is cleaned again with each token, and the end of it is held back: a word may go on, and with it become a link, a
/// number, a marker, a filtered word or the beginning of something that the manifest replaces.
pub struct Flow<'a> {
    persona: &'a Persona,
    markers: &'a Markers,
    generated: String,
    shown: String,
    /// Something was shown that the text doesn't begin with any more, or a filtered word came: nothing more is shown.
    closed: bool,
}

impl<'a> Flow<'a> {
    /// A reply of which nothing is there yet.
    pub fn new(persona: &'a Persona, markers: &'a Markers) -> Self {
        Self { persona, markers, generated: String::new(), shown: String::new(), closed: false }
    }

    /// More was generated; what can be shown now.
    pub fn push(&mut self, text: &str) -> &str {
        let before = self.shown.len();
        self.generated.push_str(text);
        if !text.is_empty() && !self.closed {
            match clean(self.persona, self.markers, &self.generated) {
                Outcome::Text(cleaned) => self.show(&cleaned),
                // Nothing readable so far isn't the end; after something was shown, it is.
                Outcome::Discard(_) => self.closed = !self.shown.is_empty(),
            }
        }
        &self.shown[before..]
    }

    /// All that was shown.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    fn show(&mut self, cleaned: &str) {
        if !cleaned.starts_with(&self.shown) {
            self.closed = true;
            return;
        }
        let certain = self.certain(cleaned);
        if certain > self.shown.len() {
            self.shown.push_str(&cleaned[self.shown.len()..certain]);
        }
    }

    /// Bytes of a cleaned text that stay as they are, whatever comes.
    fn certain(&self, cleaned: &str) -> usize {
        let words = self.words_held_back();
        let starts: Vec<usize> = word_starts(cleaned).collect();
        let mut first_held = starts.len().saturating_sub(words);
        // A number may be written in several words, and a link is only cut once it is whole.
        while first_held > 0 && may_belong_to_a_number(word_at(cleaned, &starts, first_held - 1)) {
            first_held -= 1;
        }
        let end = starts.get(first_held).copied().unwrap_or(0);
        cleaned[..end].trim_end().len()
    }

    /// The last word, and as many as a phrase has that is filtered, replaced or a marker.
    fn words_held_back(&self) -> usize {
        let phrases = self.persona.filter.words.iter().map(String::as_str);
        let replaced = self.persona.reply.replace.iter().map(|(from, _)| from.as_str());
        let phrases = phrases.chain(replaced).chain(self.markers.strings().iter().map(String::as_str));
        2 + phrases.map(|phrase| phrase.split_whitespace().count()).max().unwrap_or(0)
    }
}

fn word_starts(text: &str) -> impl Iterator<Item = usize> + '_ {
    let mut before = ' ';
    text.char_indices().filter_map(move |(at, c)| {
        let starts = before.is_whitespace() && !c.is_whitespace();
        before = c;
        starts.then_some(at)
    })
}

fn word_at<'t>(text: &'t str, starts: &[usize], index: usize) -> &'t str {
    let end = starts.get(index + 1).copied().unwrap_or(text.len());
    text[starts[index]..end].trim_end()
}

fn may_belong_to_a_number(word: &str) -> bool {
    word.chars().any(|c| c.is_numeric() || matches!(c, '+' | '(' | ')' | '-'))
}

#[cfg(test)]
mod tests;
