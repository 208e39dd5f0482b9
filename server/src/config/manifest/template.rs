//! The dialog template, and what `prompt` and `reply` are for it unless the manifest says otherwise.

use super::raw;
use crate::config::persona::{self, CharClass, CustomTemplate, Cut, LengthClass, PromptRules, ReplyRules, StartAt};
use crate::config::problem::Report;
use crate::config::record::{FromNode, Maybe, Reader};
use crate::config::schema::{Key, Shape};
use crate::config::texts::{Rule, Text};
use crate::config::tree::{Node, Value};

/// The longest fallback that can be sent, in UTF-16 units.
const MOST_FALLBACK: usize = 4096;

/// The templates that have a name.
pub const NAMES: [&str; 4] = ["prompt_reply", "rudialogpt3", "rudialogpt", "continuation"];

/// A name, or `custom:` with a mapping.
#[derive(Debug)]
pub(super) enum Template {
    PromptReply,
    Rudialogpt3,
    Rudialogpt,
    Continuation,
    Custom(Box<raw::Custom>),
}

/// What is said instead of a reply.
#[derive(Clone, Debug)]
pub(super) struct Fallback;

/// The template; any, where none could be read.
pub(super) fn template(
    raw: Maybe<Template>,
    answer_length: &Maybe<LengthClass>,
    report: &mut Report<'_>,
) -> persona::Template {
    let Some(raw) = raw else { return persona::Template::Continuation };
    let length = answer_length.as_ref().map_or(LengthClass::Medium, |length| length.value);
    let template = match raw.value {
        Template::PromptReply => persona::Template::PromptReply,
        Template::Rudialogpt3 => persona::Template::Rudialogpt3 { answer_length: length },
        Template::Rudialogpt => persona::Template::Rudialogpt,
        Template::Continuation => persona::Template::Continuation,
        Template::Custom(custom) => persona::Template::Custom(self::custom(*custom)),
    };
    if let (Some(spanned), false) = (answer_length, matches!(template, persona::Template::Rudialogpt3 { .. })) {
        report.note("answer_length", spanned.referenced, "belongs to `template: rudialogpt3` only; remove it");
    }
    template
}

fn custom(raw: raw::Custom) -> CustomTemplate {
    CustomTemplate {
        // The model goes on where a turn of the persona's would begin.
        answer_prefix: raw.answer_prefix.unwrap_or_else(|| raw.persona_prefix.trim_end().to_owned()),
        start: raw.start,
        user_prefix: raw.user_prefix,
        persona_prefix: raw.persona_prefix,
        separator: raw.separator,
        stop_strings: raw.stop_strings.into_iter().map(Text::into_string).collect(),
        max_turns: raw.max_turns.map(|turns| turns.get()),
    }
}

/// What the manifest leaves out is as the template has it.
pub(super) fn prompt(raw: raw::Prompt, template: &persona::Template, report: &mut Report<'_>) -> PromptRules {
    let keep_chars = match raw.keep_chars {
        Some(spanned) if spanned.value.is_empty() => None,
        Some(spanned) => match CharClass::parse(&spanned.value) {
            Ok(class) => Some(class),
            Err(problem) => {
                report.note("prompt.keep_chars", spanned.referenced, problem);
                None
            }
        },
        None => PromptRules::of(template).keep_chars,
    };
    PromptRules { case: raw.case, suffix: raw.suffix, keep_chars }
}

/// `prompt_reply` models write `\nREPLY: ` before the answer, and go on after it.
pub(super) fn reply(raw: raw::Reply, template: &persona::Template) -> ReplyRules {
    let (start_at, cut) = if *template == persona::Template::PromptReply {
        (StartAt::FirstCyrillicAfterNewline, Cut::FirstSentence)
    } else {
        (StartAt::Beginning, Cut::Nothing)
    };
    let replace = raw
        .replace
        .into_iter()
        .filter_map(|replacement| Some((replacement.from.0?.value.into_string(), replacement.to.0?.value)));
    ReplyRules {
        start_at: raw.start_at.unwrap_or(start_at),
        cut: raw.cut.unwrap_or(cut),
        replace: replace.collect(),
        fallback: raw.fallback.trim().to_owned(),
    }
}

impl FromNode for Template {
    fn from_node(node: &Node, reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        if let Value::Mapping(entries) = &node.value
            && let [(key, custom)] = entries.as_slice()
            && key.value == "custom"
        {
            let custom = reader.within("custom", |reader| raw::Custom::from_node(custom, reader))?;
            return Some(Self::Custom(Box::new(custom)));
        }
        match reader.tree.scalar(node) {
            Some("prompt_reply") => Some(Self::PromptReply),
            Some("rudialogpt3") => Some(Self::Rudialogpt3),
            Some("rudialogpt") => Some(Self::Rudialogpt),
            Some("continuation") => Some(Self::Continuation),
            _ => {
                let names = NAMES.join(", ");
                reader.note(node, format!("expected one of {names}, or {{ custom: {{ … }} }}"));
                None
            }
        }
    }

    fn shape() -> Shape {
        let about = "A prompt is `start`, then for each turn its prefix, text and `separator`, then `answer_prefix`.";
        let custom = Key::required("custom", about, raw::Custom::shape());
        Shape::Either(vec![Shape::words(&NAMES), Shape::Record(vec![custom])])
    }
}

impl Rule for Fallback {
    fn expected() -> String {
        format!("a text of 1 to {MOST_FALLBACK} characters")
    }

    /// A text's length in UTF-16 isn't for JSON Schema to count.
    fn pattern() -> String {
        r"\S".to_owned()
    }

    fn check(text: &str) -> Result<(), String> {
        let fits = (1..=MOST_FALLBACK).contains(&text.trim().encode_utf16().count());
        if fits { Ok(()) } else { Err(format!("expected {}", Self::expected())) }
    }
}
