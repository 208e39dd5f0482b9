//! What the daemon asks of a place to talk; `telegram/` implements it.

use std::time::Duration;

use async_trait::async_trait;

use crate::chat::{ChatId, ChatRef, MessageId, UserId};
use crate::incoming::{Incoming, ParseError};

/// A message to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Where to.
    pub chat: ChatRef,
    /// Plain text, 1 to 4,096 UTF-16 units.
    pub text: String,
    /// The message it answers; sent all the same if that one is gone.
    pub reply_to: Option<MessageId>,
}

/// Why a transport could not do what was asked. Never holds a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Too much was sent; nothing more to this chat before the time is over.
    #[error("flood control: try again in {} s", .0.as_secs())]
    Flood(Duration),
    /// The chat takes nothing from this persona: blocked, kicked, deactivated.
    #[error("forbidden: {0}")]
    Forbidden(String),
    /// The chat has a new id.
    #[error("the chat moved to {0}")]
    Migrated(ChatId),
    /// Refused for good.
    #[error("refused: {0}")]
    Rejected(String),
    /// The token is not valid (any more).
    #[error("the token was refused; get a new one from @BotFather and put it in place")]
    Unauthorized,
    /// It was not carried out, for now.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// It went out, and nobody knows whether it was carried out.
    #[error("no answer came: {0}")]
    Unknown(String),
}

/// One persona's access to one transport.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// What a stored update means.
    ///
    /// # Errors
    /// Where it is none of this transport's; what it says is not told.
    fn read(&self, raw: &str) -> Result<Incoming, ParseError>;

    /// Sends a message; returns its id, or `None` where it was accepted but its id could not be read.
    ///
    /// # Errors
    /// As [`TransportError`] says.
    async fn send(&self, outgoing: &Outgoing) -> Result<Option<MessageId>, TransportError>;

    /// Shows for about five seconds that the persona is writing.
    ///
    /// # Errors
    /// As [`TransportError`] says.
    async fn typing(&self, chat: ChatRef) -> Result<(), TransportError>;

    /// Whether this person administers the chat now.
    ///
    /// # Errors
    /// As [`TransportError`] says.
    async fn is_admin(&self, chat: ChatId, user: UserId) -> Result<bool, TransportError>;

    /// Whether the persona hears what isn't addressed to it in every group, as of now.
    ///
    /// # Errors
    /// As [`TransportError`] says.
    async fn hears_groups(&self) -> Result<bool, TransportError>;

    /// Forgets what [`Transport::is_admin`] remembers of this person: their rights have changed.
    async fn rights_changed(&self, chat: ChatId, user: UserId);

    /// Leaves a group.
    ///
    /// # Errors
    /// As [`TransportError`] says.
    async fn leave(&self, chat: ChatId) -> Result<(), TransportError>;
}
