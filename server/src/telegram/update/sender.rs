//! Who wrote a message: Telegram says so in five different ways.

use super::raw::{RawChat, RawMessage, RawUser};
use crate::chat::{ChatKind, Sender, SenderKind, UserId};

/// `from` of everybody who administers a group anonymously.
const ANONYMOUS_ADMIN: i64 = 1_087_968_824;
/// `from` of what Telegram itself forwards from a linked channel.
const SERVICE: i64 = 777_000;

/// What kind of chat it is; an unknown type is treated as a group, where the persona is most reserved.
pub(super) fn chat_kind(chat: &RawChat) -> ChatKind {
    match chat.kind.as_deref() {
        Some("private") => ChatKind::Private,
        Some("channel") => ChatKind::Channel,
        _ => ChatKind::Group,
    }
}

/// The author of a message; every message gets one.
pub(super) fn sender(message: &RawMessage) -> Sender {
    let from_service = message.from.as_ref().is_some_and(|user| user.id == SERVICE);
    if message.is_automatic_forward == Some(true) || from_service {
        return automatic_forward(message);
    }
    match (&message.sender_chat, &message.from) {
        (Some(chat), from) => on_behalf(chat, from.as_ref(), message),
        (None, Some(user)) => person(user),
        (None, None) => nameless(&message.chat),
    }
}

/// The person or bot behind a user.
pub(super) fn person(user: &RawUser) -> Sender {
    let kind = if user.is_bot == Some(true) { SenderKind::Bot } else { SenderKind::Person };
    let name = full_name(user.first_name.as_deref(), user.last_name.as_deref(), user.username.as_deref());
    Sender { id: UserId(user.id), kind, name, language: user.language_code.clone() }
}

/// The author of a message that names none: in private it can only be the person, elsewhere it is the chat itself.
pub(super) fn nameless(chat: &RawChat) -> Sender {
    let kind = if chat_kind(chat) == ChatKind::Private { SenderKind::Person } else { SenderKind::Channel };
    as_chat(chat, kind)
}

/// Only `from` tells an anonymous administrator from a group's own automatic posts.
fn on_behalf(chat: &RawChat, from: Option<&RawUser>, message: &RawMessage) -> Sender {
    let anonymous = from.is_some_and(|user| user.id == ANONYMOUS_ADMIN) && chat.id == message.chat.id;
    let in_group = chat_kind(&message.chat) == ChatKind::Group;
    as_chat(chat, if anonymous && in_group { SenderKind::AnonymousAdmin } else { SenderKind::Channel })
}

fn automatic_forward(message: &RawMessage) -> Sender {
    as_chat(message.sender_chat.as_ref().unwrap_or(&message.chat), SenderKind::AutomaticForward)
}

fn as_chat(chat: &RawChat, kind: SenderKind) -> Sender {
    Sender { id: UserId(chat.id), kind, name: title(chat), language: None }
}

/// What a chat is called: its title, or the name of the person it is private with.
pub(super) fn title(chat: &RawChat) -> String {
    match &chat.title {
        Some(title) => printable(title),
        None => full_name(chat.first_name.as_deref(), chat.last_name.as_deref(), chat.username.as_deref()),
    }
}

fn full_name(first: Option<&str>, last: Option<&str>, username: Option<&str>) -> String {
    let parts: Vec<_> = [first, last].into_iter().flatten().map(str::trim).filter(|part| !part.is_empty()).collect();
    printable(&if parts.is_empty() { username.unwrap_or_default().to_owned() } else { parts.join(" ") })
}

/// PostgreSQL can't hold U+0000; the replacement has the same length in UTF-16.
pub(super) fn printable(text: &str) -> String {
    text.replace('\0', "\u{FFFD}")
}
