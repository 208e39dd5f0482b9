//! What an update of any transport means for a persona.

use crate::chat::{ChatId, ChatKind, Message, Sender, UserId};

/// What an update means for a persona.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// Somebody wrote. The text is empty where the message has neither text nor caption.
    Message(Message),
    /// Worth remembering, never to be answered: channel posts, business and guest messages.
    Context(Message),
    /// A message was changed; carries it as it is now. It triggers nothing.
    Edited(Message),
    /// The persona was added, promoted, muted, removed or blocked.
    MyMembership(MyMembership),
    /// Somebody's rights in a chat changed: what is remembered about them is out of date.
    MembersChanged {
        /// Where.
        chat: ChatId,
        /// Who.
        user: UserId,
    },
    /// A group became a supergroup.
    Migrated {
        /// Its old id.
        from: ChatId,
        /// Its new id.
        to: ChatId,
    },
    /// Nothing that concerns a persona; says what it was.
    Ignored(&'static str),
}

/// A change of the persona's own membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MyMembership {
    /// Where.
    pub chat: ChatId,
    /// What kind of chat that is.
    pub chat_kind: ChatKind,
    /// What the chat is called; may be empty.
    pub chat_title: String,
    /// Who made the change.
    pub by: Sender,
    /// What the persona is there now.
    pub standing: Standing,
}

/// What the persona is in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Hears everything, whatever its privacy mode.
    Administrator,
    /// May write.
    Member,
    /// Is there, but may not write.
    Muted,
    /// Left, was removed, or was blocked by the person.
    Gone,
}

impl Standing {
    /// Whether the persona can write there.
    pub fn may_write(self) -> bool {
        matches!(self, Self::Administrator | Self::Member)
    }
}

/// Why an update can't be understood.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// It isn't JSON.
    #[error("the update is not JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// It is JSON, but no update.
    #[error("the update is not a JSON object")]
    NotAnObject,
    /// A part we need has an unexpected shape.
    #[error("the update's {kind} can't be read: expected {expected}")]
    Malformed {
        /// Which part.
        kind: &'static str,
        /// What should stand there. What does is not told: it may be somebody's message.
        expected: String,
    },
    /// A membership that is none of Telegram's.
    #[error("the update tells of a membership that is none of Telegram's")]
    UnknownStatus,
}
