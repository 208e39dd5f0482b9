//! Finds a persona's name in a text, as a whole word, whatever its case; `ё` counts as `е`.

use std::ops::Range;

use crate::config::persona::{NamesMatch, Triggers};

/// Where a name calls the persona; in bytes.
pub(super) fn find(text: &str, triggers: &Triggers) -> Option<Range<usize>> {
    find_any(text, triggers.names.iter().map(String::as_str), triggers.names_match)
}

/// Where one of the names stands, as `place` asks. A longer name is preferred to one that it contains.
pub(super) fn find_any<'a>(
    text: &str,
    names: impl Iterator<Item = &'a str>,
    place: NamesMatch,
) -> Option<Range<usize>> {
    let folded = Folded::of(text);
    let matches = names.flat_map(|name| folded.occurrences(&fold(name)));
    let calls = matches.filter(|found| place == NamesMatch::Anywhere || folded.is_at_edge(found));
    let best = calls.min_by_key(|found| (found.start, std::cmp::Reverse(found.end)))?;
    Some(folded.bytes(&best))
}

/// A text as folded characters, each with the byte where it begins.
struct Folded {
    characters: Vec<char>,
    bytes: Vec<usize>,
    length: usize,
}

impl Folded {
    fn of(text: &str) -> Self {
        let pairs = text.char_indices().flat_map(|(at, c)| fold_char(c).map(move |folded| (at, folded)));
        let (bytes, characters) = pairs.unzip();
        Self { characters, bytes, length: text.len() }
    }

    /// Every place where the words of a name stand in a row, as whole words; ranges of characters.
    fn occurrences(&self, name: &str) -> Vec<Range<usize>> {
        let words: Vec<Vec<char>> = name.split_whitespace().map(|word| word.chars().collect()).collect();
        if words.is_empty() {
            return Vec::new();
        }
        let ends = |start| self.end_of(&words, start).map(|end| start..end);
        (0..self.characters.len()).filter(|start| self.may_begin(*start)).filter_map(ends).collect()
    }

    fn end_of(&self, words: &[Vec<char>], start: usize) -> Option<usize> {
        let mut at = start;
        for (index, word) in words.iter().enumerate() {
            if index > 0 {
                at = self.after_space(at)?;
            }
            at = self.characters.get(at..)?.starts_with(word).then_some(at + word.len())?;
        }
        let goes_on = self.characters.get(at).is_some_and(|next| is_word(*next));
        (!goes_on).then_some(at)
    }

    fn after_space(&self, at: usize) -> Option<usize> {
        let spaces = self.characters.get(at..)?.iter().take_while(|c| c.is_whitespace()).count();
        (spaces > 0).then_some(at + spaces)
    }

    /// `@name` is a username, `#name` a tag and `/name` a command or a part of a link.
    fn may_begin(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.characters.get(before));
        !before.is_some_and(|c| is_word(*c) || matches!(c, '@' | '#' | '/'))
    }

    /// Whether nothing but punctuation stands before or after.
    fn is_at_edge(&self, found: &Range<usize>) -> bool {
        let says_nothing = |part: &[char]| !part.iter().any(|c| is_word(*c));
        says_nothing(&self.characters[..found.start]) || says_nothing(&self.characters[found.end..])
    }

    fn bytes(&self, found: &Range<usize>) -> Range<usize> {
        let byte = |at: usize| self.bytes.get(at).copied().unwrap_or(self.length);
        byte(found.start)..byte(found.end)
    }
}

fn fold(text: &str) -> String {
    text.chars().flat_map(fold_char).collect()
}

fn fold_char(character: char) -> impl Iterator<Item = char> {
    character.to_lowercase().map(|c| if c == 'ё' { 'е' } else { c })
}

/// What can continue a word; combining marks do.
fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || ('\u{300}'..='\u{36F}').contains(&character)
}
