//! Cuts the call itself from a text: the persona needn't hear its own name.
//!
//! Works on the text alone, since the history keeps no entities.

use std::ops::Range;

use super::{Trigger, name};
use crate::chat::Me;
use crate::config::persona::{NamesMatch, Persona};

/// The text for a prompt: without the mention or the name that called the persona, unless nothing else was said.
///
/// For an earlier message, whose trigger nobody remembers, pass what would have called the persona there:
/// [`Trigger::Private`] in private and [`Trigger::Name`] in a group.
pub fn prompt_text(persona: &Persona, me: &Me, trigger: Trigger, text: &str) -> String {
    let rest = besides_call(persona, me, trigger, text);
    if rest.is_empty() { text.to_owned() } else { rest }
}

/// The same, but empty where nothing else was said.
pub fn besides_call(persona: &Persona, me: &Me, trigger: Trigger, text: &str) -> String {
    let mentions = usernames(text, &me.username);
    let calls = match trigger {
        Trigger::Mention if mentions.is_empty() => named(text, persona),
        Trigger::Name => mentions.into_iter().chain(name::find(text, &persona.triggers)).collect(),
        _ => mentions,
    };
    let rest = without(text, calls);
    if says_something(&rest) { rest } else { String::new() }
}

/// Quiet punctuation alone is what is left around a call.
fn says_something(text: &str) -> bool {
    let quiet = |c: char| c.is_whitespace() || ",.:;-–—…«»„“”\"'()[]".contains(c);
    !text.chars().all(quiet)
}

/// `text_mention` shows the bot's own name instead of its username.
fn named(text: &str, persona: &Persona) -> Vec<Range<usize>> {
    let names = persona.triggers.names.iter().map(String::as_str).chain([persona.display_name.as_str()]);
    name::find_any(text, names, NamesMatch::Edges).into_iter().collect()
}

/// Every whole `@username`.
fn usernames(text: &str, username: &str) -> Vec<Range<usize>> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let starts = text.match_indices('@').map(|(at, _)| at);
    let whole = starts.filter(|at| !text[..*at].ends_with(is_name)).filter_map(|at| {
        let name = &text[at + 1..];
        let length = name.find(|c| !is_name(c)).unwrap_or(name.len());
        name[..length].eq_ignore_ascii_case(username).then_some(at..at + 1 + length)
    });
    whole.collect()
}

fn without(text: &str, mut calls: Vec<Range<usize>>) -> String {
    calls.sort_by_key(|call| std::cmp::Reverse(call.start));
    let mut rest = text.to_owned();
    for call in calls {
        rest = join(&rest[..call.start], &rest[call.end..]);
    }
    rest.trim().to_owned()
}

/// Puts together what stood before and after a call, without the punctuation that set it off.
fn join(before: &str, after: &str) -> String {
    let separator = |c: char| matches!(c, ',' | ':' | ';');
    if before.trim().is_empty() {
        let sentence = |c: char| separator(c) || matches!(c, '.' | '!' | '?' | '…');
        return strip_dash(after.trim_start_matches(sentence)).trim_start().to_owned();
    }
    let kept = strip_dash_end(before.trim_end()).trim_end_matches(|c: char| separator(c) || c.is_whitespace());
    format!("{kept}{after}")
}

/// «Автобус — ты где»: the dash goes with the name. A minus without a space stays.
fn strip_dash(text: &str) -> &str {
    let text = text.trim_start();
    let stripped = text.strip_prefix(['-', '–', '—', ',', ':']);
    stripped.filter(|rest| rest.starts_with(char::is_whitespace)).unwrap_or(text)
}

fn strip_dash_end(text: &str) -> &str {
    let stripped = text.strip_suffix(['-', '–', '—']);
    stripped.filter(|rest| rest.ends_with(char::is_whitespace)).unwrap_or(text).trim_end()
}
