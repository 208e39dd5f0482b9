//! How long each chat is left alone after a send that found no way: ever longer, with jitter, until one finds it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::backoff::Backoff;
use crate::chat::ChatKey;
use crate::clock::Dice;

/// The first wait and the longest: an outage of Telegram's takes minutes, and its end should be noticed soon.
const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// The chats whose last send found no way.
#[derive(Debug, Default)]
pub(super) struct Patience(Mutex<HashMap<ChatKey, Backoff>>);

impl Patience {
    /// How long to wait before the next attempt.
    pub(super) fn next(&self, key: &ChatKey, dice: &Dice) -> Duration {
        let mut chats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        chats.entry(key.clone()).or_insert_with(|| Backoff::new(WAITS.0, WAITS.1)).next(dice)
    }

    /// A send found its way.
    pub(super) fn restore(&self, key: &ChatKey) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}
