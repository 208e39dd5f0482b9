//! The words the database keeps for our enums. Once written they never change.

use super::{JobState, Outcome};
use crate::chat::ChatKind;

impl JobState {
    /// Every state, in the order of a job's life.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Running, Self::Ready, Self::Sending, Self::Done];

    /// The name the store keeps.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Ready => "ready",
            Self::Sending => "sending",
            Self::Done => "done",
        }
    }
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 11] = [
        Self::Answered,
        Self::Fallback,
        Self::Shared,
        Self::Coalesced,
        Self::Discarded,
        Self::Forbidden,
        Self::Rejected,
        Self::Reset,
        Self::Failed,
        Self::Unknown,
        Self::Overloaded,
    ];

    /// The name the store and the metrics keep.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Fallback => "fallback",
            Self::Shared => "shared",
            Self::Coalesced => "coalesced",
            Self::Discarded => "discarded",
            Self::Forbidden => "forbidden",
            Self::Rejected => "rejected",
            Self::Reset => "reset",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Overloaded => "overloaded",
        }
    }

    /// Reads the name the store keeps.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == text)
    }

    /// Whether a reply reached the chat.
    pub fn is_delivered(self) -> bool {
        matches!(self, Self::Answered | Self::Fallback)
    }
}

/// The name the store keeps for a kind of chat.
pub(super) fn chat_kind(kind: ChatKind) -> &'static str {
    match kind {
        ChatKind::Private => "private",
        ChatKind::Group => "group",
        ChatKind::Channel => "channel",
    }
}

/// Reads the name the store keeps for a kind of chat.
pub(super) fn parse_chat_kind(text: &str) -> Option<ChatKind> {
    [ChatKind::Private, ChatKind::Group, ChatKind::Channel].into_iter().find(|&kind| chat_kind(kind) == text)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_is_read_back() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::parse(outcome.as_str()), Some(outcome));
        }
        for kind in [ChatKind::Private, ChatKind::Group, ChatKind::Channel] {
            assert_eq!(parse_chat_kind(chat_kind(kind)), Some(kind));
        }
        assert_eq!(JobState::ALL.map(JobState::as_str).into_iter().collect::<HashSet<_>>().len(), JobState::ALL.len());
    }
}
