//! Who or what is to be forgotten, and what that took.

use crate::chat::{ChatId, PersonaName, TransportKind, UserId};

/// What is to be forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forget {
    /// Whom or what.
    pub subject: Subject,
    /// Which persona forgets; `None` for all of them.
    pub persona: Option<PersonaName>,
    /// At which transport; `None` for all of them.
    pub transport: Option<TransportKind>,
}

/// Whom or what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A chat, under its present number and those it had before: what was said there by whomever, and what it has set.
    Chat(ChatId),
    /// A person, or a channel that writes in groups: their words everywhere, the replies to them, and their private chat.
    User(UserId),
}

impl Subject {
    /// The number by which it is known.
    pub fn number(self) -> i64 {
        match self {
            Self::Chat(chat) => chat.0,
            Self::User(user) => user.0,
        }
    }
}

/// What a raw update holds of somebody who is to be forgotten. Reading it is the transport's business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trace {
    /// Nothing.
    None,
    /// It is theirs.
    Whole,
    /// It is somebody else's and mentions them; this is what is left of it without them.
    Part(String),
}

/// Finds the traces of these numbers in a raw update.
pub type Tracer = dyn Fn(&str, &[i64]) -> Trace + Send + Sync;

/// What forgetting took, in rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Updates whose content is gone; their numbers stay until they are pruned, so that none is taken for new.
    pub updates: u64,
    /// Messages of the history.
    pub messages: u64,
    /// Jobs, whatever state they were in.
    pub jobs: u64,
    /// What chats are called.
    pub titles: u64,
    /// What chats had set.
    pub settings: u64,
    /// Pauses of chats.
    pub pauses: u64,
    /// Blocks of people.
    pub blocks: u64,
}

impl Forgotten {
    /// Each table, as people call it, with what was taken from it.
    pub fn by_table(&self) -> [(&'static str, u64); 7] {
        [
            ("updates", self.updates),
            ("messages", self.messages),
            ("jobs", self.jobs),
            ("titles", self.titles),
            ("settings", self.settings),
            ("pauses", self.pauses),
            ("blocks", self.blocks),
        ]
    }
}
