//! How much waits.

use serde::Serialize;
use time::OffsetDateTime;

/// How much waits, in rows, over all personas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Backlog {
    /// Updates that nobody has looked at.
    pub unrouted: u64,
    /// Messages of those who addressed a persona.
    pub directed: u64,
    /// Messages that triggered insanity or chance.
    pub ambient: u64,
    /// Replies and notices to be sent.
    pub ready: u64,
    /// Replies that are being made.
    #[serde(skip)]
    pub running: u64,
    /// Replies and notices on their way.
    #[serde(skip)]
    pub sending: u64,
    /// When the oldest message was accepted whose answer nobody has begun to make.
    #[serde(skip)]
    pub oldest: Option<OffsetDateTime>,
}
