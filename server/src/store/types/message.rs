//! What the history holds.

use time::OffsetDateTime;

use crate::chat::{Conversation, MessageId, UserId};

/// A message in the history of one persona.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryMessage {
    /// Whose history, and where.
    pub conversation: Conversation,
    /// The message's id within the chat.
    pub id: MessageId,
    /// Who wrote it.
    pub author: Author,
    /// Its text or caption, unaltered.
    pub text: String,
    /// When it was written.
    pub sent_at: OffsetDateTime,
    /// What it answers.
    pub reply_to: Option<MessageId>,
}

/// Who wrote a message of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// The persona itself.
    Persona,
    /// Anybody else.
    Other {
        /// Their id.
        id: UserId,
        /// Their name when they wrote it.
        name: String,
    },
}
