//! What a routed update changes.

use super::{BotId, ChatSettings, HistoryMessage, KnownChat, NewJob};
use crate::chat::{ChatId, ChatKey, Conversation, MessageId, PersonaName, UserId};

/// An update with all it changes; applied in one transaction, at most once.
#[derive(Clone, Debug, PartialEq)]
pub struct Routed {
    /// Whose inbox.
    pub bot: BotId,
    /// Which update.
    pub update_id: i64,
    /// What became of it, in a word, for the inbox row and the metrics.
    pub outcome: &'static str,
    /// The changes, in order.
    pub effects: Vec<Effect>,
}

/// One change that a routed update makes.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Note that a chat is there, and what it is called.
    Meet(KnownChat),
    /// Add a message to the history. A message that is there already stays as it is.
    Remember(HistoryMessage),
    /// An edit: replace the text of a message, in whatever thread it stands.
    Edit {
        /// Whose history.
        key: ChatKey,
        /// Which message.
        message: MessageId,
        /// Its new text.
        text: String,
    },
    /// Replace a chat's settings.
    Settings(ChatKey, ChatSettings),
    /// Write a job, unless its message has one already; notices are always written.
    Enqueue(NewJob),
    /// Forget a conversation: its history, and its pending jobs (which end as [`Outcome::Reset`](super::Outcome::Reset)), but for those that the
    /// same update enqueued.
    Reset(Conversation),
    /// A group became a supergroup: settings, history and unfinished jobs move. What the new chat has set for itself wins.
    ///
    /// The supergroup numbers its messages afresh, so the old message ids would collide with other messages: on the way
    /// they become negative, and name nothing that could be replied to.
    Migrate {
        /// The chat as it was.
        key: ChatKey,
        /// Its new id.
        to: ChatId,
    },
    /// The persona no longer answers this person (or does again).
    Block {
        /// Which persona.
        persona: PersonaName,
        /// Whom.
        user: UserId,
        /// True to block, false to unblock.
        blocked: bool,
    },
}
