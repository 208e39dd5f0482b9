//! What the inbox holds: updates as their transport sent them. Knows nothing of what they mean.

use time::OffsetDateTime;

use crate::chat::ChatId;

/// The user id a bot token belongs to; the inbox is keyed by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BotId(pub i64);

/// An update as its transport sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawUpdate {
    /// The transport's id for it; unique for a bot for about a week.
    pub update_id: i64,
    /// The chat it belongs to, so that order is kept per chat; `None` where it has none.
    pub chat: Option<ChatId>,
    /// The raw JSON.
    pub raw: String,
}

/// An update that waits to be routed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredUpdate {
    /// Whose inbox it is in.
    pub bot: BotId,
    /// The update.
    pub update: RawUpdate,
    /// When it was stored.
    pub received_at: OffsetDateTime,
}
