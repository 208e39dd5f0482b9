//! A manifest as it is written: names, shapes and places; no value is checked yet.

use serde_saphyr::Spanned;

use crate::chat::Language;
use crate::config::persona::{Case, Cut, NamesMatch, StartAt, Updates, WhoMayToggle};
use crate::config::record::{FromNode, Maybe, Reader, Required, records, words};
use crate::config::tree::{Node, Value};

records! {
    /// The whole file.
    struct Manifest {
        name: Required<String>,
        display_name: Maybe<String>,
        token: Maybe<Token>,
        updates: Option<Updates>,
        model: Model,
        template: Required<Template>,
        answer_length: Maybe<String>,
        generation: Generation,
        triggers: Triggers,
        chat_defaults: ChatDefaults,
        who_may_toggle: Option<WhoMayToggle>,
        access: Access,
        owner: Maybe<i64>,
        prompt: Prompt,
        reply: Reply,
        filter: Filter,
    }

    /// Where the token is.
    struct Token {
        env: Option<String>,
        credential: Option<String>,
        file: Option<String>,
        optional: bool,
    }

    struct Model {
        path: Required<String>,
        adapter: Maybe<String>,
        precision: Maybe<String>,
    }

    struct Custom {
        start: Option<String>,
        user_prefix: Option<String>,
        persona_prefix: Option<String>,
        separator: Option<String>,
        answer_prefix: Option<String>,
        stop_strings: Vec<Spanned<String>>,
        max_turns: Maybe<i64>,
    }

    struct Generation {
        max_new_tokens: Maybe<i64>,
        do_sample: Option<bool>,
        temperature: Maybe<f64>,
        top_k: Maybe<i64>,
        top_p: Maybe<f64>,
        repetition_penalty: Maybe<f64>,
        no_repeat_ngram_size: Maybe<i64>,
        stop_strings: Vec<Spanned<String>>,
    }

    struct Triggers {
        names: Vec<Spanned<String>>,
        names_match: Option<NamesMatch>,
        chance: Maybe<f64>,
    }

    struct ChatDefaults {
        insanity: Option<bool>,
        context_length: Maybe<i64>,
        language: Option<Language>,
    }

    struct Access {
        private: Maybe<WordOrIds>,
        groups: Maybe<WordOrIds>,
        per_user_hourly: Maybe<i64>,
        per_chat_hourly: Maybe<i64>,
    }

    struct Prompt {
        case: Option<Case>,
        suffix: Option<String>,
        keep_chars: Maybe<String>,
    }

    struct Reply {
        start_at: Option<StartAt>,
        cut: Option<Cut>,
        replace: Vec<Replacement>,
        fallback: Maybe<String>,
    }

    struct Replacement {
        from: Required<String>,
        to: Required<String>,
    }

    struct Filter {
        words: Vec<Spanned<String>>,
        allow_links: bool,
        allow_phone_numbers: bool,
    }
}

words! {
    Updates { "polling" => Self::Polling, "webhook" => Self::Webhook, }
    WhoMayToggle { "admins" => Self::Admins, "everyone" => Self::Everyone, }
    NamesMatch { "edges" => Self::Edges, "anywhere" => Self::Anywhere, }
    Language { "ru" => Self::Ru, "en" => Self::En, }
    Case { "keep" => Self::Keep, "lower" => Self::Lower, "upper" => Self::Upper, }
    StartAt {
        "beginning" => Self::Beginning,
        "first_cyrillic_after_newline" => Self::FirstCyrillicAfterNewline,
        "first_cyrillic" => Self::FirstCyrillic,
    }
    Cut { "nothing" => Self::Nothing, "first_sentence" => Self::FirstSentence, "first_line" => Self::FirstLine, }
}

/// A name, or `custom:` with a mapping.
#[derive(Debug)]
pub(super) enum Template {
    PromptReply,
    Rudialogpt3,
    Rudialogpt,
    Continuation,
    Custom(Box<Custom>),
}

/// `everyone`, `nobody`, or a list of ids.
#[derive(Debug)]
pub(super) enum WordOrIds {
    Word(String),
    Ids(Vec<i64>),
}

impl FromNode for Template {
    fn from_node(node: &Node, reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        if let Value::Mapping(entries) = &node.value
            && let [(key, custom)] = entries.as_slice()
            && key.value == "custom"
        {
            let custom = reader.within("custom", |reader| Custom::from_node(custom, reader))?;
            return Some(Self::Custom(Box::new(custom)));
        }
        match reader.tree.scalar(node) {
            Some("prompt_reply") => Some(Self::PromptReply),
            Some("rudialogpt3") => Some(Self::Rudialogpt3),
            Some("rudialogpt") => Some(Self::Rudialogpt),
            Some("continuation") => Some(Self::Continuation),
            _ => {
                let names = "prompt_reply, rudialogpt3, rudialogpt, continuation";
                reader.note(node, format!("expected one of {names}, or {{ custom: {{ … }} }}"));
                None
            }
        }
    }
}

impl FromNode for WordOrIds {
    fn from_node(node: &Node, reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        if let Value::List(_) = node.value {
            return Vec::from_node(node, reader).map(Self::Ids);
        }
        if let Some(word) = reader.tree.scalar(node) {
            return Some(Self::Word(word.to_owned()));
        }
        reader.note(node, "expected `everyone`, `nobody` or a list of ids");
        None
    }
}
