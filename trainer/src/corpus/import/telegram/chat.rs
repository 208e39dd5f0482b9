//! One chat on its way into the corpus: what is learned goes on, what isn't is counted.

use crate::corpus::import::pairing::{JOINED, Message, Pairing, PairingError};
use crate::corpus::import::posts::Posts;
use crate::corpus::import::{Dropped, Format, ImportOptions, Sink};
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

/// What messages become.
enum Telling<'a> {
    /// Answers to each other.
    Dialogues(Box<Pairing>),
    /// Texts of their own.
    Posts(Posts<'a>),
}

/// A chat that is being read.
pub(super) struct Chat<'a, 's> {
    telling: Telling<'a>,
    dropped: &'a mut Dropped,
    sink: &'a mut Sink<'s>,
}

impl<'a, 's> Chat<'a, 's> {
    pub(super) fn new(
        source: String,
        options: &'a ImportOptions,
        dropped: &'a mut Dropped,
        sink: &'a mut Sink<'s>,
    ) -> Self {
        let telling = match options.format {
            Format::Posts => Telling::Posts(Posts::new(source, &options.posts)),
            _ => Telling::Dialogues(Box::new(Pairing::new(source, options.rules))),
        };
        Self { telling, dropped, sink }
    }

    pub(super) fn take(&mut self, entry: Entry) -> Result<(), PairingError> {
        match &entry {
            Entry::Said(_) => {}
            Entry::Silent { reason, .. } => self.dropped.count(reason),
            Entry::Forwarded { .. } => self.dropped.count(FORWARD),
        }
        match (&mut self.telling, entry) {
            (Telling::Dialogues(pairing), Entry::Said(message)) => pairing.message(message, self.sink),
            (Telling::Dialogues(pairing), Entry::Silent { id, author, .. }) => {
                pairing.silence(id, author.as_ref(), self.sink)
            }
            (Telling::Dialogues(pairing), Entry::Forwarded { id }) => pairing.cut(id, self.sink),
            (Telling::Posts(posts), Entry::Said(post)) => Ok(posts.take(post, self.dropped, self.sink)?),
            (Telling::Posts(_), Entry::Silent { .. } | Entry::Forwarded { .. }) => Ok(()),
        }
    }

    pub(super) fn finish(self) -> Result<(), PairingError> {
        if let Telling::Dialogues(pairing) = self.telling {
            let joined = pairing.finish(self.sink)?;
            self.dropped.add(JOINED, joined);
        }
        Ok(())
    }
}
