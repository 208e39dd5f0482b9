//! Why a message deserves an answer. Pure: no clock, no store, no transport; dice come in as a parameter.

mod cut;
mod decide;
mod name;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use cut::{besides_call, prompt_text};
pub use decide::{Decision, Ignored, Moment, STALE_AFTER, decide};

/// The reason a job exists, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// A text the daemon itself wrote (the answer to a command, a notice): delivered, never generated.
    Notice,
    /// A private message.
    Private,
    /// The persona's username or id is mentioned.
    Mention,
    /// A reply to one of the persona's messages.
    Reply,
    /// One of the persona's names is called.
    Name,
    /// Insanity mode: everything is answered.
    Insanity,
    /// The dice fell so.
    Chance,
}

impl Trigger {
    /// Every trigger, in order of strength.
    pub const ALL: [Self; 7] =
        [Self::Notice, Self::Private, Self::Mention, Self::Reply, Self::Name, Self::Insanity, Self::Chance];

    /// Whether somebody addressed the persona: such a message is never coalesced away.
    pub fn is_directed(self) -> bool {
        !matches!(self, Self::Insanity | Self::Chance)
    }

    /// The name the store and the metrics keep.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Private => "private",
            Self::Mention => "mention",
            Self::Reply => "reply",
            Self::Name => "name",
            Self::Insanity => "insanity",
            Self::Chance => "chance",
        }
    }

    /// Reads the name the store keeps.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trigger| trigger.as_str() == text)
    }
}
