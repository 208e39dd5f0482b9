//! What can happen, in the order in which it happens to a message.

use super::telegram::Update;

/// What can happen next; the number is a chat's, unless it is said to be another's.
pub(super) enum Event {
    /// Somebody writes in a chat.
    Said(usize),
    /// A `getUpdates` of this bot reaches Telegram.
    Polled(usize),
    /// What it brings is at the daemon.
    Fetched(usize, Vec<Update>),
    /// An update is stored and routed.
    Routed(Update),
    /// A chat is looked at again.
    Rested(usize),
    /// Its job is claimed.
    Claimed(usize),
    /// The daemon has written the prompt.
    Dispatched(usize),
    /// A worker can have it.
    Handed(usize),
    /// This worker's step ends.
    Stepped(usize),
    /// The daemon has the reply.
    Made(usize),
    /// The reply is stored.
    Ready(usize),
    /// The chat may be written to.
    MayWrite(usize),
    /// The bot may write.
    Turn(usize),
    /// The send is noted, the request goes out.
    Sent(usize),
    /// Telegram has the reply.
    Arrived(usize),
    /// The daemon knows.
    Told(usize),
    /// The outcome is stored.
    Finished(usize),
}
