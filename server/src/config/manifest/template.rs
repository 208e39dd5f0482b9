//! The dialog template, and what `prompt` and `reply` are for it unless the manifest says otherwise.

use super::{raw, sections};
use crate::config::numbers::whole;
use crate::config::persona::{CharClass, CustomTemplate, Cut, LengthClass, PromptRules, ReplyRules, StartAt, Template};
use crate::config::problem::Report;
use crate::config::record::Maybe;

/// The longest fallback that can be sent, in UTF-16 units.
const MOST_FALLBACK: usize = 4096;

/// The template; any, where none could be read.
pub(super) fn template(raw: Maybe<raw::Template>, answer_length: &Maybe<String>, report: &mut Report<'_>) -> Template {
    let Some(raw) = raw else { return Template::Continuation };
    let template = match raw.value {
        raw::Template::PromptReply => Template::PromptReply,
        raw::Template::Rudialogpt3 => Template::Rudialogpt3 { answer_length: length(answer_length, report) },
        raw::Template::Rudialogpt => Template::Rudialogpt,
        raw::Template::Continuation => Template::Continuation,
        raw::Template::Custom(custom) => Template::Custom(self::custom(*custom, report)),
    };
    if let (Some(spanned), false) = (answer_length, matches!(template, Template::Rudialogpt3 { .. })) {
        report.note("answer_length", spanned.referenced, "belongs to `template: rudialogpt3` only; remove it");
    }
    template
}

fn length(value: &Maybe<String>, report: &mut Report<'_>) -> LengthClass {
    let Some(spanned) = value else { return LengthClass::Medium };
    match spanned.value.as_str() {
        "1" => LengthClass::Short,
        "2" => LengthClass::Medium,
        "3" => LengthClass::Long,
        "-" => LengthClass::Unbounded,
        other => {
            let expected = format!("is {other:?}, expected 1 (to 15 tokens), 2 (to 50), 3 (to 256) or \"-\" (longer)");
            report.note("answer_length", spanned.referenced, expected);
            LengthClass::Medium
        }
    }
}

fn custom(raw: raw::Custom, report: &mut Report<'_>) -> CustomTemplate {
    let persona_prefix = raw.persona_prefix.unwrap_or_default();
    let max_turns = whole(report, "template.custom.max_turns", &raw.max_turns, 1..=51);
    CustomTemplate {
        // The model goes on where a turn of the persona's would begin.
        answer_prefix: raw.answer_prefix.unwrap_or_else(|| persona_prefix.trim_end().to_owned()),
        start: raw.start.unwrap_or_default(),
        user_prefix: raw.user_prefix.unwrap_or_default(),
        persona_prefix,
        separator: raw.separator.unwrap_or_default(),
        stop_strings: sections::not_empty(report, "template.custom.stop_strings", &raw.stop_strings),
        max_turns: max_turns.and_then(|turns| usize::try_from(turns).ok()),
    }
}

/// What the manifest leaves out is as the template has it.
pub(super) fn prompt(raw: raw::Prompt, template: &Template, report: &mut Report<'_>) -> PromptRules {
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
    PromptRules { case: raw.case.unwrap_or_default(), suffix: raw.suffix.unwrap_or_default(), keep_chars }
}

/// `prompt_reply` models write `\nREPLY: ` before the answer, and go on after it.
pub(super) fn reply(raw: raw::Reply, template: &Template, report: &mut Report<'_>) -> ReplyRules {
    let (start_at, cut) = if *template == Template::PromptReply {
        (StartAt::FirstCyrillicAfterNewline, Cut::FirstSentence)
    } else {
        (StartAt::Beginning, Cut::Nothing)
    };
    let replace = raw.replace.into_iter().filter_map(|replacement| {
        let from = sections::not_empty(report, "reply.replace.from", &[replacement.from.0?]).pop()?;
        Some((from, replacement.to.0?.value))
    });
    ReplyRules {
        start_at: raw.start_at.unwrap_or(start_at),
        cut: raw.cut.unwrap_or(cut),
        replace: replace.collect(),
        fallback: fallback(&raw.fallback, report),
    }
}

fn fallback(value: &Maybe<String>, report: &mut Report<'_>) -> String {
    let Some(spanned) = value else { return "что?".to_owned() };
    let text = spanned.value.trim();
    if text.is_empty() || text.encode_utf16().count() > MOST_FALLBACK {
        report.note(
            "reply.fallback",
            spanned.referenced,
            format!("expected a text of 1 to {MOST_FALLBACK} characters"),
        );
    }
    text.to_owned()
}
