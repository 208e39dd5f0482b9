//! Turns one raw update into the words of [`crate::chat`]. Pure and tolerant: what we don't read may have any shape.
//!
//! It refuses to know what happens next: whether an update is new, stored, or answered.

mod entities;
mod membership;
mod message;
mod raw;
mod sender;
mod traces;

#[cfg(test)]
mod sample_tests;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::chat::{ChatId, ThreadId};
use crate::incoming::{Incoming, ParseError};

pub use traces::trace;

/// The topic every forum has. It must be left out when sending, but not when typing.
pub const GENERAL_TOPIC: ThreadId = ThreadId(1);

/// How the kinds of update that concern us are read.
#[derive(Clone, Copy)]
enum Reading {
    Message,
    Context,
    Edited,
    MyMembership,
    MembersChanged,
}

const READ: [(&str, Reading); 9] = [
    ("message", Reading::Message),
    ("edited_message", Reading::Edited),
    ("channel_post", Reading::Context),
    ("edited_channel_post", Reading::Edited),
    ("business_message", Reading::Context),
    ("edited_business_message", Reading::Edited),
    ("guest_message", Reading::Context),
    ("my_chat_member", Reading::MyMembership),
    ("chat_member", Reading::MembersChanged),
];

const IGNORED: [&str; 16] = [
    "business_connection",
    "callback_query",
    "chat_boost",
    "chat_join_request",
    "chosen_inline_result",
    "deleted_business_messages",
    "inline_query",
    "managed_bot",
    "message_reaction",
    "message_reaction_count",
    "poll",
    "poll_answer",
    "pre_checkout_query",
    "purchased_paid_media",
    "removed_chat_boost",
    "shipping_query",
];

/// Reads one update as Telegram sent it.
pub fn parse(raw: &str) -> Result<Incoming, ParseError> {
    let update = serde_json::from_str(raw).map_err(ParseError::Json)?;
    let Value::Object(mut update) = update else { return Err(ParseError::NotAnObject) };
    let Some((kind, reading)) = READ.into_iter().find(|(kind, _)| update.contains_key(*kind)) else {
        return Ok(Incoming::Ignored(ignored_kind(&update)));
    };
    let body = update.remove(kind).unwrap_or_default();
    read(reading, body).map_err(|error| error.named(kind))
}

/// The chat an update of any kind belongs to, so that each chat's updates keep their order.
pub fn chat_of(raw: &Value) -> Option<ChatId> {
    let bodies = raw.as_object()?.values();
    bodies.filter_map(|body| body.get("chat").or_else(|| body.get("message")?.get("chat"))).find_map(id_of)
}

/// The id an update carries, however deep the rest of it is nested.
pub fn update_id_of(raw: &str) -> Option<i64> {
    #[derive(serde::Deserialize)]
    struct Numbered {
        update_id: i64,
    }
    serde_json::from_str::<Numbered>(raw).ok().map(|update| update.update_id)
}

/// What went wrong while reading, before it is known in which kind of update.
enum ReadError {
    Shape(serde_json::Error),
    Status,
}

impl ReadError {
    fn named(self, kind: &'static str) -> ParseError {
        match self {
            Self::Shape(error) => ParseError::Malformed { kind, expected: expectation(&error.to_string()) },
            Self::Status => ParseError::UnknownStatus,
        }
    }
}

/// serde says `invalid type: string "…", expected i64`; only what follows the value is ours to repeat.
fn expectation(error: &str) -> String {
    match error.rsplit_once(", expected ") {
        Some((_, expected)) => expected.to_owned(),
        None if error.starts_with("missing field `") => error.replacen("missing field", "a field", 1),
        None => "another shape".to_owned(),
    }
}

impl From<serde_json::Error> for ReadError {
    fn from(error: serde_json::Error) -> Self {
        Self::Shape(error)
    }
}

fn read(reading: Reading, body: Value) -> Result<Incoming, ReadError> {
    Ok(match reading {
        Reading::Message => message::incoming(serde_json::from_value(body)?),
        Reading::Context => Incoming::Context(message::message(serde_json::from_value(body)?)),
        Reading::Edited => Incoming::Edited(message::message(serde_json::from_value(body)?)),
        Reading::MyMembership => Incoming::MyMembership(membership::mine(serde_json::from_value(body)?)?),
        Reading::MembersChanged => membership::others(&serde_json::from_value(body)?),
    })
}

fn ignored_kind(update: &Map<String, Value>) -> &'static str {
    IGNORED.into_iter().find(|kind| update.contains_key(*kind)).unwrap_or("unknown_update")
}

fn id_of(chat: &Value) -> Option<ChatId> {
    chat.get("id")?.as_i64().map(ChatId)
}
