//! What waits in a chat, and what is answered next: the daemon's own rules, simplified. In private all that waits is answered
//! together; in a group each message that addresses the persona is, and of the others the newest. One reply is under way in a
//! chat at a time.

use std::collections::VecDeque;

use super::Nanos;
use super::activity::People;

/// A chat.
pub(super) struct Chat {
    pub(super) habit: usize,
    pub(super) people: People,
    /// Whether a reply is under way.
    pub(super) busy: bool,
    /// When the message was written that the reply answers, of several the first.
    pub(super) asked: Nanos,
    /// Whether that message addressed the persona.
    pub(super) directed: bool,
    /// Whether it is noted when the chat will be looked at again.
    pub(super) resting: bool,
    /// When messages that address the persona were written.
    addressed: VecDeque<Nanos>,
    /// When the newest of the others was.
    newest: Option<Nanos>,
    /// When the persona's last messages arrived.
    pub(super) sent: VecDeque<Nanos>,
}

impl Chat {
    /// Nobody has written yet.
    pub(super) fn new(habit: usize, people: People) -> Self {
        let (addressed, sent) = (VecDeque::new(), VecDeque::new());
        Self { habit, people, busy: false, asked: 0, directed: false, resting: false, addressed, newest: None, sent }
    }

    /// A message asks for a reply; returns whether it takes the place of another.
    pub(super) fn ask(&mut self, written: Nanos, directed: bool) -> bool {
        if directed {
            self.addressed.push_back(written);
            return false;
        }
        self.newest.replace(written).is_some()
    }

    /// Whether something waits.
    pub(super) fn waits(&self) -> bool {
        !self.addressed.is_empty() || self.newest.is_some()
    }

    /// How many messages wait.
    pub(super) fn waiting(&self) -> usize {
        self.addressed.len() + usize::from(self.newest.is_some())
    }

    /// Takes what is answered next; returns how many messages share a reply that goes to another.
    pub(super) fn answer(&mut self, group: bool) -> usize {
        let first = self.addressed.front().copied();
        self.busy = true;
        self.directed = first.is_some();
        match first {
            Some(first) if group => {
                self.asked = first;
                self.addressed.pop_front();
                0
            }
            Some(first) => {
                self.asked = first;
                let shared = self.addressed.len() - 1;
                self.addressed.clear();
                shared
            }
            None => {
                self.asked = self.newest.take().unwrap_or_default();
                0
            }
        }
    }
}
