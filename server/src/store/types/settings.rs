//! What a chat has set for itself; what that amounts to is [`crate::settings`]' business.

use time::OffsetDateTime;

use crate::chat::{ChatId, Language};

/// What a chat has set for itself; `None` means the manifest's default.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatSettings {
    /// Answer everything.
    pub insanity: Option<bool>,
    /// Probability of answering a message that nothing else triggers, 0 to 1.
    pub chance: Option<f64>,
    /// How many earlier messages the prompt holds, 0 to 50.
    pub context_length: Option<u8>,
    /// Language of the daemon's own texts.
    pub language: Option<Language>,
    /// Until when the persona keeps silent unless addressed.
    pub quiet_until: Option<OffsetDateTime>,
    /// False once the persona was blocked or removed.
    pub active: bool,
    /// Whether the chat was told that the persona may not stay.
    pub told_off: bool,
    /// The group this supergroup was before it migrated; a manifest may still name it so.
    pub former_id: Option<ChatId>,
}

impl Default for ChatSettings {
    fn default() -> Self {
        Self {
            insanity: None,
            chance: None,
            context_length: None,
            language: None,
            quiet_until: None,
            active: true,
            told_off: false,
            former_id: None,
        }
    }
}
