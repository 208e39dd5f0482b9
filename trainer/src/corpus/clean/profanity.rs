//! Words that a corpus shouldn't have, from a list. Knows forms only as the list has them, but sees through `ё`, stretched
//! letters and Latin letters that look like Cyrillic ones.

use std::collections::HashSet;
use std::path::Path;

use unicode_segmentation::UnicodeSegmentation;

use crate::files::FileError;

/// A list of words.
#[derive(Debug)]
pub(super) struct Profanity(HashSet<String>);

impl Profanity {
    /// Reads a list: a word a line, `#` begins a comment.
    pub(super) fn read(path: &Path) -> Result<Self, FileError> {
        let text = std::fs::read_to_string(path).map_err(FileError::at(path))?;
        Ok(Self::of(&text))
    }

    fn of(text: &str) -> Self {
        let words = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        Self(words.filter(|word| !word.is_empty()).map(fold).collect())
    }

    /// Whether a text has one of the words.
    pub(super) fn is_in(&self, text: &str) -> bool {
        text.unicode_words().any(|word| self.0.contains(&fold(word)))
    }
}

/// A word as it is compared: lower case, each run of a letter once.
fn fold(word: &str) -> String {
    let lower = word.to_lowercase();
    let is_cyrillic = lower.chars().any(|c| matches!(c, 'а'..='я' | 'ё'));
    let mut folded = String::with_capacity(lower.len());
    for c in lower.chars() {
        let c = if is_cyrillic { look(c) } else { c };
        if !folded.ends_with(c) {
            folded.push(c);
        }
    }
    folded
}

/// The Cyrillic letter that a character looks like.
fn look(c: char) -> char {
    match c {
        'ё' | 'e' => 'е',
        'a' | '@' => 'а',
        'o' | '0' => 'о',
        'p' => 'р',
        'c' => 'с',
        'x' => 'х',
        'y' => 'у',
        'k' => 'к',
        '3' => 'з',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_their_disguises() {
        let list = Profanity::of("# plants\nхрен\n редька # too\n\nёлка");
        for text in ["Хрен!", "ну и хреееен", "xрeн знает", "РЕДЬКА.", "елка", "за ёлкой? нет, Ёлка"]
        {
            assert!(list.is_in(text), "{text}");
        }
        for text in ["хреновый", "охрена", "ничего", ""] {
            assert!(!list.is_in(text), "{text}");
        }
    }
}
