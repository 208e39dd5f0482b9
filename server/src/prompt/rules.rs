//! What a manifest's `prompt` section does to the text of each message.

use crate::config::persona::{Case, CharClass, PromptRules};

impl PromptRules {
    /// A message's text as it enters the prompt.
    pub(super) fn apply(&self, text: &str) -> String {
        let text = match self.case {
            Case::Keep => text.to_owned(),
            Case::Lower => text.to_lowercase(),
            Case::Upper => text.to_uppercase(),
        };
        let text = match &self.keep_chars {
            None => text,
            Some(class) => class.keep(&text),
        };
        text.trim().to_owned()
    }

    /// What stands between two messages of one side.
    pub(super) fn joint(&self) -> char {
        match &self.keep_chars {
            Some(class) if !class.contains('\n') => ' ',
            _ => '\n',
        }
    }
}

impl CharClass {
    /// Whether the class has this character.
    pub fn contains(&self, c: char) -> bool {
        self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&c))
    }

    /// Removes all other characters. White space that isn't in the class becomes a plain space where that is, so that words
    /// don't grow together.
    fn keep(&self, text: &str) -> String {
        let kept = |c: char| match c {
            c if self.contains(c) => Some(c),
            c if c.is_whitespace() && self.contains(' ') => Some(' '),
            _ => None,
        };
        text.chars().filter_map(kept).collect()
    }
}
