//! What operators did, for whoever asks later. Knows no title and no text.

use time::OffsetDateTime;

use crate::chat::{ChatId, ChatKey, PersonaName, TransportKind};

/// What somebody did with the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuditAction {
    /// Logged in.
    Login,
    /// Logged out.
    Logout,
    /// Switched a chat's insanity.
    Insanity,
    /// Set how many earlier messages a chat's prompts hold.
    ContextLength,
    /// Had everything of a chat forgotten.
    Forget,
    /// Read the words of a chat.
    ReadTexts,
    /// Made a room.
    RoomCreated,
    /// Deleted a room.
    RoomDeleted,
    /// Let a persona sit down in a room.
    RoomJoined,
    /// Let a persona leave a room.
    RoomLeft,
}

impl AuditAction {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Login,
        Self::Logout,
        Self::Insanity,
        Self::ContextLength,
        Self::Forget,
        Self::ReadTexts,
        Self::RoomCreated,
        Self::RoomDeleted,
        Self::RoomJoined,
        Self::RoomLeft,
    ];

    /// The word that is kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Logout => "logout",
            Self::Insanity => "insanity",
            Self::ContextLength => "context_length",
            Self::Forget => "forget",
            Self::ReadTexts => "read_texts",
            Self::RoomCreated => "room_created",
            Self::RoomDeleted => "room_deleted",
            Self::RoomJoined => "room_joined",
            Self::RoomLeft => "room_left",
        }
    }
}

/// What somebody does, on its way into the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAuditEntry {
    /// When.
    pub at: OffsetDateTime,
    /// The name of their link or key, and their address.
    pub who: String,
    /// What.
    pub action: AuditAction,
    /// Which persona it concerns.
    pub persona: Option<PersonaName>,
    /// Which chat.
    pub chat: Option<(TransportKind, ChatId)>,
    /// The new value, in a word.
    pub detail: String,
}

impl NewAuditEntry {
    /// Of something that concerns no persona and no chat, and needs no more words.
    pub fn new(at: OffsetDateTime, who: String, action: AuditAction) -> Self {
        Self { at, who, action, persona: None, chat: None, detail: String::new() }
    }

    /// It concerns a persona's chat.
    pub fn of_chat(self, key: &ChatKey) -> Self {
        Self { persona: Some(key.persona.clone()), chat: Some((key.transport, key.chat)), ..self }
    }
}

/// What somebody did. Another release may know other actions, so they are words here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Which; later ones are greater.
    pub id: i64,
    /// When.
    pub at: OffsetDateTime,
    /// The name of their link or key, and their address.
    pub who: String,
    /// What.
    pub action: String,
    /// Which persona it concerned.
    pub persona: Option<String>,
    /// Where the chat lives.
    pub transport: Option<String>,
    /// Which chat; `None`, too, once it was forgotten.
    pub chat: Option<ChatId>,
    /// The new value, in a word.
    pub detail: String,
}
