//! What pages are told of rooms.

use serde::Serialize;
use time::OffsetDateTime;

use crate::chat::PersonaName;
use crate::store::{Room, RoomMessage};

/// A room in a list.
#[derive(Serialize)]
pub(super) struct RoomLine {
    id: i64,
    title: String,
    personas: Vec<PersonaName>,
    messages: u64,
    #[serde(with = "time::serde::rfc3339::option")]
    last_at: Option<OffsetDateTime>,
}

/// A room.
#[derive(Serialize)]
pub(super) struct RoomView {
    pub(super) id: i64,
    pub(super) title: String,
    pub(super) personas: Vec<SeatView>,
    pub(super) messages: Vec<MessageView>,
}

/// A persona in a room.
#[derive(Serialize)]
pub(super) struct SeatView {
    pub(super) name: PersonaName,
    pub(super) display_name: String,
    pub(super) insanity: bool,
    pub(super) context_length: u8,
}

/// A message of a room.
#[derive(Serialize)]
pub(super) struct MessageView {
    seq: i64,
    id: i64,
    author: AuthorView,
    text: String,
    reply_to: Option<i64>,
    #[serde(with = "time::serde::rfc3339")]
    sent_at: OffsetDateTime,
}

#[derive(Serialize)]
struct AuthorView {
    kind: &'static str,
    name: String,
    persona: Option<PersonaName>,
}

impl RoomLine {
    pub(super) fn of(room: &Room) -> Self {
        let (title, personas) = (room.title.clone(), room.personas.clone());
        Self { id: room.id.0, title, personas, messages: room.messages, last_at: room.last_at }
    }
}

impl MessageView {
    pub(super) fn of(message: &RoomMessage) -> Self {
        let said = &message.said;
        let kind = if said.persona.is_some() { "persona" } else { "person" };
        Self {
            seq: message.id.0,
            id: message.id.0,
            author: AuthorView { kind, name: said.author_name.clone(), persona: said.persona.clone() },
            text: said.text.clone(),
            reply_to: said.reply_to.map(|id| id.0),
            sent_at: said.sent_at,
        }
    }
}
