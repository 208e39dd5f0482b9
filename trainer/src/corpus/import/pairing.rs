//! From the messages of one chat, in their order, to dialogues.

use std::time::Duration;

/// The reason under which [`super::Dropped`] holds messages that weren't lost but joined to the one before.
pub const JOINED: &str = "joined to the message before";

/// How messages become dialogues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// A message that replies to nothing answers the one before it if that isn't older than this.
    pub gap: Duration,
    /// Messages of one person in a row are one message if no more than this lies between two of them.
    pub burst: Duration,
    /// Turns before a message that its dialogue holds at the most.
    pub context: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self { gap: Duration::from_secs(600), burst: Duration::from_secs(120), context: 4 }
    }
}
