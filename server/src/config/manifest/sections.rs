//! The smaller sections: generation, triggers, chat defaults, access, filter.

use std::ops::Bound::{self, Excluded, Included};

use maskarad_engine::GenerationConfig;

use super::raw;
use crate::config::numbers::Range;
use crate::config::persona::{Access, ChatDefaults, Filter, Triggers};
use crate::config::texts::{Rule, Text};

/// A regular expression for what can be called by or searched for.
const LETTER_OR_DIGIT: &str = r"[\p{Alphabetic}\p{N}]";

/// What a factor or a temperature may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct AboveZero;

/// A probability, of all or of nothing, too.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probability;

/// A part of all probability, of which nothing is left at zero.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share;

/// A name to be called by.
#[derive(Clone, Debug)]
pub(super) struct Callable;

/// A word to be searched for.
#[derive(Clone, Debug)]
pub(super) struct Word;

impl Range for AboveZero {
    const ENDS: (Bound<f64>, Bound<f64>) = (Excluded(0.0), Included(100.0));
    const EXPECTED: &'static str = "a number above 0 and at most 100";
}

impl Range for Probability {
    const ENDS: (Bound<f64>, Bound<f64>) = (Included(0.0), Included(1.0));
    const EXPECTED: &'static str = "a probability from 0.0 to 1.0";
}

impl Range for Share {
    const ENDS: (Bound<f64>, Bound<f64>) = (Excluded(0.0), Included(1.0));
    const EXPECTED: &'static str = "a number above 0 and at most 1";
}

impl Rule for Callable {
    fn expected() -> String {
        "a text with a letter or digit".to_owned()
    }

    fn pattern() -> String {
        LETTER_OR_DIGIT.to_owned()
    }

    fn check(text: &str) -> Result<(), String> {
        has_letter_or_digit(text).then_some(()).ok_or_else(|| format!("{text:?} has no letter or digit to call by"))
    }
}

impl Rule for Word {
    fn expected() -> String {
        "a word".to_owned()
    }

    fn pattern() -> String {
        LETTER_OR_DIGIT.to_owned()
    }

    fn check(text: &str) -> Result<(), String> {
        has_letter_or_digit(text).then_some(()).ok_or_else(|| format!("{text:?} is no word"))
    }
}

fn has_letter_or_digit(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// Sampling is the default: a persona that always says the same is a bore.
pub(super) fn generation(raw: raw::Generation) -> GenerationConfig {
    GenerationConfig {
        max_new_tokens: raw.max_new_tokens.get(),
        do_sample: raw.do_sample,
        temperature: raw.temperature.get() as f32,
        top_k: raw.top_k.get(),
        top_p: raw.top_p.get() as f32,
        repetition_penalty: raw.repetition_penalty.get() as f32,
        no_repeat_ngram_size: raw.no_repeat_ngram_size.get(),
        seed: 0,
        eos_token_ids: Vec::new(),
        stop_strings: raw.stop_strings.into_iter().map(Text::into_string).collect(),
    }
}

pub(super) fn triggers(raw: &raw::Triggers) -> Triggers {
    let mut names: Vec<String> = Vec::new();
    for name in &raw.names {
        let name = name.trim().to_lowercase();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Triggers { names, names_match: raw.names_match }
}

pub(super) fn chat_defaults(raw: &raw::ChatDefaults, triggers: &raw::Triggers) -> ChatDefaults {
    ChatDefaults {
        insanity: raw.insanity,
        chance: triggers.chance.get(),
        context_length: raw.context_length.get(),
        language: raw.language,
    }
}

pub(super) fn access(raw: raw::Access) -> Access {
    Access {
        private: raw.private,
        groups: raw.groups,
        per_user_hourly: raw.per_user_hourly.get(),
        per_chat_hourly: raw.per_chat_hourly.get(),
    }
}

pub(super) fn filter(raw: &raw::Filter) -> Filter {
    let words = raw.words.iter().map(|word| word.trim().to_lowercase());
    Filter { words: words.collect(), allow_links: raw.allow_links, allow_phone_numbers: raw.allow_phone_numbers }
}
