//! What a manifest's `prompt` section does to the text of each message.

use serde::{Deserialize, Serialize};

use crate::Template;

/// What is done to each text before it enters a prompt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PromptRules {
    /// Letter case.
    pub case: Case,
    /// Added to the newest text (`, a?` of the 2ch bot).
    pub suffix: String,
    /// Which characters stay; `None` keeps all.
    pub keep_chars: Option<CharClass>,
}

/// Letter case of a prompt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Case {
    /// As written.
    #[default]
    Keep,
    /// Lower case.
    Lower,
    /// Upper case («бугурты»).
    Upper,
}

/// A set of characters, written in the manifest like the inside of a regular expression's brackets: `а-яё0-9 .,?!;`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CharClass {
    /// Inclusive ranges.
    pub ranges: Vec<(char, char)>,
}

impl PromptRules {
    /// The rules of a template where nothing else is said: `prompt_reply` models were trained on Cyrillic, digits and a few
    /// marks alone.
    pub fn of(template: &Template) -> Self {
        match template {
            Template::PromptReply => {
                Self { keep_chars: CharClass::parse("А-Яа-яЁё0-9.,?!; ").ok(), ..Self::default() }
            }
            _ => Self::default(),
        }
    }

    /// A message's text as it enters the prompt.
    pub fn apply(&self, text: &str) -> String {
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
    pub(crate) fn joint(&self) -> char {
        match &self.keep_chars {
            Some(class) if !class.contains('\n') => ' ',
            _ => '\n',
        }
    }
}

impl CharClass {
    /// Reads the inside of a regular expression's brackets: characters and ranges, `-` at an end for itself.
    ///
    /// # Errors
    /// A range that is the wrong way round.
    pub fn parse(text: &str) -> Result<Self, String> {
        let chars: Vec<char> = text.chars().collect();
        let mut ranges = Vec::new();
        let mut rest = chars.as_slice();
        while let Some(first) = rest.first() {
            rest = match rest {
                [first, '-', last, rest @ ..] if first <= last => {
                    ranges.push((*first, *last));
                    rest
                }
                [first, '-', last, ..] => return Err(format!("the range {first}-{last} is the wrong way round")),
                _ => {
                    ranges.push((*first, *first));
                    &rest[1..]
                }
            };
        }
        Ok(Self { ranges })
    }

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
