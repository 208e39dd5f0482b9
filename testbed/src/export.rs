//! Synthetic exports of Telegram Desktop: a made-up chat with every oddity of real ones, as JSON and as HTML.
//!
//! Made from a seed, a message at a time, so that exports of any size can be written. Knows what it made ([`Tally`]), and
//! nothing of who reads it.

mod chat;
mod html;
mod json;
mod message;

pub use chat::Chat;
pub use html::write_pages;
pub use json::{write_account, write_chat};
pub use message::{Content, Fragment, Message, Person, Reply, Tally};

/// What is to be made.
#[derive(Clone, Copy, Debug)]
pub struct ExportSpec {
    /// Of the random numbers.
    pub seed: u64,
    /// How many messages, those without text included.
    pub messages: u64,
    /// Whether times are told in seconds since 1970 too, and with their offset in HTML: older exports don't.
    pub offsets: bool,
}

impl ExportSpec {
    /// So many messages by this seed, as today's Telegram Desktop would write them.
    #[must_use]
    pub fn new(seed: u64, messages: u64) -> Self {
        Self { seed, messages, offsets: true }
    }

    /// Its number.
    #[must_use]
    pub fn chat_id(self) -> u64 {
        1_000_000_000 + self.seed
    }
}
