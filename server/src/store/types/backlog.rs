//! What waits in the store.

use serde::Serialize;

/// How much waits, in rows, whichever daemon it waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Backlog {
    /// Updates that nobody has read yet.
    pub unrouted: u64,
    /// Jobs whose reply nobody has begun to make.
    pub pending: u64,
    /// Replies that wait to be sent.
    pub ready: u64,
}
