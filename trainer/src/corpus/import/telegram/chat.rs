//! One chat on its way into the corpus: what is learned goes on, what isn't is counted.

use crate::corpus::import::pairing::{JOINED, Message, Pairing, PairingError, Rules};
use crate::corpus::import::{Dropped, Sink};
use crate::corpus::record::Author;

pub(super) const SERVICE: &str = "service message";
pub(super) const FORWARD: &str = "forward";
pub(super) const UNSUPPORTED: &str = "message of a kind that the export doesn't show";

/// A message of an export, told apart by what becomes of it.
#[derive(Debug, PartialEq)]
pub(super) enum Entry {
    /// Somebody wrote something.
    Said(Message),
    /// Somebody, if it was a person, sent something without words.
    Silent { id: i64, author: Option<Author>, reason: &'static str },
    /// Somebody passed on what others wrote.
    Forwarded { id: i64 },
}

/// A chat that is being read.
pub(super) struct Chat<'a, 's> {
    pairing: Pairing,
    dropped: &'a mut Dropped,
    sink: &'a mut Sink<'s>,
}

impl<'a, 's> Chat<'a, 's> {
    pub(super) fn new(source: String, rules: Rules, dropped: &'a mut Dropped, sink: &'a mut Sink<'s>) -> Self {
        Self { pairing: Pairing::new(source, rules), dropped, sink }
    }

    pub(super) fn take(&mut self, entry: Entry) -> Result<(), PairingError> {
        match entry {
            Entry::Said(message) => self.pairing.message(message, self.sink),
            Entry::Silent { id, author, reason } => {
                self.dropped.count(reason);
                self.pairing.silence(id, author.as_ref(), self.sink)
            }
            Entry::Forwarded { id } => {
                self.dropped.count(FORWARD);
                self.pairing.cut(id, self.sink)
            }
        }
    }

    pub(super) fn finish(self) -> Result<(), PairingError> {
        let joined = self.pairing.finish(self.sink)?;
        self.dropped.add(JOINED, joined);
        Ok(())
    }
}
