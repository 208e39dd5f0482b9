//! What the console asks about chats: what they are called, how lively they are, what went wrong in them.

use time::OffsetDateTime;

use super::{ChatSettings, Outcome};
use crate::chat::{ChatKey, ChatKind, PersonaName};

/// A chat that a persona knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownChat {
    /// Which.
    pub key: ChatKey,
    /// What kind of chat it is.
    pub kind: ChatKind,
    /// What it is called: its title, or the person's name.
    pub title: String,
    /// When somebody last wrote there, to the minute.
    pub last_at: OffsetDateTime,
}

/// Where a page of the list of chats ends: the next one goes on below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChatCursor {
    /// When somebody last wrote in the page's last chat.
    pub last_at: OffsetDateTime,
    /// Which of the chats of that very moment; 0 stands below all of them.
    pub seq: i64,
}

/// Which chats are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChatQuery {
    /// Whose.
    pub persona: Option<PersonaName>,
    /// A part of the title, in any case, or of the number.
    pub search: Option<String>,
    /// Where the page before it ended.
    pub before: Option<ChatCursor>,
    /// At most so many.
    pub limit: u32,
}

/// A chat of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedChat {
    /// Where the list goes on below it.
    pub cursor: ChatCursor,
    /// The chat.
    pub chat: KnownChat,
    /// What it has set.
    pub settings: Option<ChatSettings>,
}

/// What an operator changes of a chat's settings; `None` leaves a setting as it is, `Some(None)` leaves it to the manifest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SettingsChange {
    /// Answer everything.
    pub insanity: Option<Option<bool>>,
    /// How many earlier messages the prompt holds.
    pub context_length: Option<Option<u8>>,
}

/// A chat in which much is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusyChat {
    /// Which.
    pub key: ChatKey,
    /// What kind of chat it is.
    pub kind: ChatKind,
    /// What it is called; empty where that isn't known.
    pub title: String,
    /// Messages of the last hour, the persona's own among them.
    pub hour: u64,
    /// Messages of the last day.
    pub day: u64,
    /// When the last of them came.
    pub last_at: OffsetDateTime,
}

/// A job that ended without the reply it deserved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedJob {
    /// When.
    pub at: OffsetDateTime,
    /// Whose and where.
    pub key: ChatKey,
    /// How it ended.
    pub outcome: Outcome,
    /// Why; never a message's text.
    pub reason: Option<String>,
}
