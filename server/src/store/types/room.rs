//! Rooms of the daemon's own page, and what is said in them.

use time::OffsetDateTime;

use super::{BotId, RawUpdate};
use crate::chat::{ChatId, MessageId, PersonaName, UserId};

/// A room. Its id is its chat's, and no number of Telegram's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Its number.
    pub id: ChatId,
    /// What people call it.
    pub title: String,
    /// Who sits in it, by name.
    pub personas: Vec<PersonaName>,
    /// Messages that are kept of it.
    pub messages: u64,
    /// When the last of them was said.
    pub last_at: Option<OffsetDateTime>,
}

/// Something that is said in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Where.
    pub room: ChatId,
    /// Which persona says it; `None` where a person does.
    pub persona: Option<PersonaName>,
    /// The author's number.
    pub author_id: UserId,
    /// What people call the author.
    pub author_name: String,
    /// The text, unaltered.
    pub text: String,
    /// The message of the room that it answers.
    pub reply_to: Option<MessageId>,
    /// When.
    pub sent_at: OffsetDateTime,
}

/// A message of a room. Later ones have higher ids, over all rooms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomMessage {
    /// Its id, and that of the updates by which the personas hear of it.
    pub id: MessageId,
    /// What it says.
    pub said: Said,
}

/// Puts a message of a room into words for the inboxes of those who sit there; it gets the message that is answered, too. What they
/// are is the transport's business.
pub type Announce = dyn Fn(&Room, &RoomMessage, Option<&RoomMessage>) -> Vec<(BotId, RawUpdate)> + Send + Sync;
