//! The smaller sections: triggers, chat defaults, access, filter.

use serde_saphyr::Spanned;

use super::raw::{self, WordOrIds};
use crate::chat::{ChatId, UserId};
use crate::config::numbers::{real, whole};
use crate::config::persona::{Access, ChatDefaults, Filter, GroupAccess, NamesMatch, PrivateAccess, Triggers};
use crate::config::problem::Report;
use crate::config::record::Maybe;

/// Answers to one person in an hour unless the manifest says otherwise: more than a talkative person asks for.
const PER_USER_HOURLY: u32 = 300;
/// Answers in one chat in an hour unless the manifest says otherwise; Telegram itself allows 20 a minute in a group.
const PER_CHAT_HOURLY: u32 = 1200;

pub(super) fn triggers(raw: &raw::Triggers, report: &mut Report<'_>) -> Triggers {
    let mut names: Vec<String> = Vec::new();
    for name in not_empty(report, "triggers.names", &raw.names) {
        let name = name.trim().to_lowercase();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    for name in raw.names.iter().filter(|name| !name.value.chars().any(char::is_alphanumeric)) {
        report.note("triggers.names", name.referenced, format!("{:?} has no letter or digit to call by", name.value));
    }
    Triggers { names, names_match: raw.names_match.unwrap_or(NamesMatch::Edges) }
}

pub(super) fn chat_defaults(raw: &raw::ChatDefaults, chance: &Maybe<f64>, report: &mut Report<'_>) -> ChatDefaults {
    let probability = (|value: f64| (0.0..=1.0).contains(&value), "a probability from 0.0 to 1.0");
    let context_length = whole(report, "chat_defaults.context_length", &raw.context_length, 0..=50);
    ChatDefaults {
        insanity: raw.insanity.unwrap_or(false),
        chance: real(report, "triggers.chance", chance, probability).unwrap_or(0.0),
        context_length: context_length.and_then(|length| u8::try_from(length).ok()).unwrap_or(4),
        language: raw.language,
    }
}

pub(super) fn access(raw: raw::Access, report: &mut Report<'_>) -> Access {
    let private = match raw.private {
        None => PrivateAccess::Everyone,
        Some(spanned) => private(spanned, report),
    };
    let groups = match raw.groups {
        None => GroupAccess::Everyone,
        Some(spanned) => groups(spanned, report),
    };
    let cap = |value: Option<i64>, default: u32| value.and_then(|cap| u32::try_from(cap).ok()).unwrap_or(default);
    let per_user = whole(report, "access.per_user_hourly", &raw.per_user_hourly, 1..=1_000_000);
    let per_chat = whole(report, "access.per_chat_hourly", &raw.per_chat_hourly, 1..=1_000_000);
    Access {
        private,
        groups,
        per_user_hourly: cap(per_user, PER_USER_HOURLY),
        per_chat_hourly: cap(per_chat, PER_CHAT_HOURLY),
    }
}

fn private(raw: Spanned<WordOrIds>, report: &mut Report<'_>) -> PrivateAccess {
    let note = |report: &mut Report<'_>, message: String| report.note("access.private", raw.referenced, message);
    match raw.value {
        WordOrIds::Word(word) if word == "everyone" => PrivateAccess::Everyone,
        WordOrIds::Word(word) if word == "nobody" => PrivateAccess::Nobody,
        WordOrIds::Word(word) => {
            note(report, format!("is {word:?}, expected everyone, nobody or a list of people's ids"));
            PrivateAccess::Nobody
        }
        WordOrIds::Ids(ids) => {
            for id in ids.iter().filter(|id| **id <= 0) {
                note(report, format!("{id} is no person's id; those are positive"));
            }
            PrivateAccess::Only(ids.into_iter().map(UserId).collect())
        }
    }
}

fn groups(raw: Spanned<WordOrIds>, report: &mut Report<'_>) -> GroupAccess {
    let note = |report: &mut Report<'_>, message: String| report.note("access.groups", raw.referenced, message);
    match raw.value {
        WordOrIds::Word(word) if word == "everyone" => GroupAccess::Everyone,
        WordOrIds::Word(word) => {
            note(report, format!("is {word:?}, expected everyone or a list of groups' ids ([] for no group at all)"));
            GroupAccess::Only(Vec::new())
        }
        WordOrIds::Ids(ids) => {
            for id in ids.iter().filter(|id| **id >= 0) {
                note(report, format!("{id} is no group's id; those are negative"));
            }
            GroupAccess::Only(ids.into_iter().map(ChatId).collect())
        }
    }
}

pub(super) fn owner(raw: &Maybe<i64>, report: &mut Report<'_>) -> Option<UserId> {
    let spanned = raw.as_ref()?;
    if spanned.value <= 0 {
        report.note("owner", spanned.referenced, format!("{} is no person's id; those are positive", spanned.value));
    }
    Some(UserId(spanned.value))
}

pub(super) fn filter(raw: &raw::Filter, report: &mut Report<'_>) -> Filter {
    for word in raw.words.iter().filter(|word| !word.value.chars().any(char::is_alphanumeric)) {
        report.note("filter.words", word.referenced, format!("{:?} is no word", word.value));
    }
    let words = raw.words.iter().map(|word| word.value.trim().to_lowercase());
    Filter { words: words.collect(), allow_links: raw.allow_links, allow_phone_numbers: raw.allow_phone_numbers }
}

/// Texts of which none may be empty.
pub(super) fn not_empty(report: &mut Report<'_>, key: &str, texts: &[Spanned<String>]) -> Vec<String> {
    for text in texts.iter().filter(|text| text.value.is_empty()) {
        report.note(key, text.referenced, "is empty, expected a text");
    }
    texts.iter().map(|text| text.value.clone()).collect()
}
