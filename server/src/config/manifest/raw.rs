//! A manifest as it is written: names, shapes and places, nothing checked yet.

use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use crate::chat::Language;

/// A value with its place in the file, or nothing.
pub(super) type Maybe<T> = Option<Spanned<T>>;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) name: Spanned<String>,
    pub(super) display_name: Maybe<String>,
    pub(super) token: Maybe<Token>,
    pub(super) model: Model,
    pub(super) template: Spanned<Template>,
    pub(super) answer_length: Maybe<String>,
    #[serde(default)]
    pub(super) generation: Generation,
    #[serde(default)]
    pub(super) triggers: Triggers,
    #[serde(default)]
    pub(super) chat_defaults: ChatDefaults,
    pub(super) who_may_toggle: Option<WhoMayToggle>,
    #[serde(default)]
    pub(super) access: Access,
    pub(super) owner: Maybe<i64>,
    #[serde(default)]
    pub(super) prompt: Prompt,
    #[serde(default)]
    pub(super) reply: Reply,
    #[serde(default)]
    pub(super) filter: Filter,
}

/// Where the token is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Token {
    pub(super) env: Option<String>,
    pub(super) credential: Option<String>,
    #[serde(default)]
    pub(super) optional: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Model {
    pub(super) path: Spanned<String>,
    pub(super) precision: Maybe<String>,
}

/// A name, or `custom:` with a mapping.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Template {
    PromptReply,
    Rudialogpt3,
    Rudialogpt,
    Continuation,
    Custom(Box<Custom>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Custom {
    #[serde(default)]
    pub(super) start: String,
    #[serde(default)]
    pub(super) user_prefix: String,
    #[serde(default)]
    pub(super) persona_prefix: String,
    #[serde(default)]
    pub(super) separator: String,
    pub(super) answer_prefix: Option<String>,
    #[serde(default)]
    pub(super) stop_strings: Vec<Spanned<String>>,
    pub(super) max_turns: Maybe<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Generation {
    pub(super) max_new_tokens: Maybe<i64>,
    pub(super) do_sample: Option<bool>,
    pub(super) temperature: Maybe<f64>,
    pub(super) top_k: Maybe<i64>,
    pub(super) top_p: Maybe<f64>,
    pub(super) repetition_penalty: Maybe<f64>,
    pub(super) no_repeat_ngram_size: Maybe<i64>,
    #[serde(default)]
    pub(super) stop_strings: Vec<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Triggers {
    #[serde(default)]
    pub(super) names: Vec<Spanned<String>>,
    pub(super) names_match: Option<NamesMatch>,
    pub(super) chance: Maybe<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum NamesMatch {
    Edges,
    Anywhere,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChatDefaults {
    pub(super) insanity: Option<bool>,
    pub(super) context_length: Maybe<i64>,
    pub(super) language: Option<Language>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum WhoMayToggle {
    Admins,
    Everyone,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Access {
    pub(super) private: Maybe<WordOrIds>,
    pub(super) groups: Maybe<WordOrIds>,
    pub(super) per_user_hourly: Maybe<i64>,
    pub(super) per_chat_hourly: Maybe<i64>,
}

/// `everyone`, `nobody`, or a list of ids.
#[derive(Debug)]
pub(super) enum WordOrIds {
    Word(String),
    Ids(Vec<i64>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Prompt {
    pub(super) case: Option<Case>,
    pub(super) suffix: Option<String>,
    pub(super) keep_chars: Maybe<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Case {
    Keep,
    Lower,
    Upper,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reply {
    pub(super) start_at: Option<StartAt>,
    pub(super) cut: Option<Cut>,
    #[serde(default)]
    pub(super) replace: Vec<Replacement>,
    pub(super) fallback: Maybe<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StartAt {
    Beginning,
    FirstCyrillicAfterNewline,
    FirstCyrillic,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Cut {
    Nothing,
    FirstSentence,
    FirstLine,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Replacement {
    pub(super) from: Spanned<String>,
    pub(super) to: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    #[serde(default)]
    pub(super) words: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) allow_links: bool,
    #[serde(default)]
    pub(super) allow_phone_numbers: bool,
}

impl<'de> Deserialize<'de> for WordOrIds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordOrIdsVisitor)
    }
}

struct WordOrIdsVisitor;

impl<'de> Visitor<'de> for WordOrIdsVisitor {
    type Value = WordOrIds;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("`everyone`, `nobody` or a list of ids")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<WordOrIds, E> {
        Ok(WordOrIds::Word(word.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<WordOrIds, A::Error> {
        let mut ids = Vec::new();
        while let Some(id) = sequence.next_element()? {
            ids.push(id);
        }
        Ok(WordOrIds::Ids(ids))
    }
}
