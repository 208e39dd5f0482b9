//! From the messages of one chat, in their order, to dialogues. Pure: knows no format and reads no clock.
//!
//! What a message answers is the message it replies to. If it replies to nothing, or to something that was never seen, it
//! answers the last message of somebody else, if that isn't older than the gap. Whoever writes several messages in a row is
//! taken to have written one. Every message is told once as itself: in a dialogue that ends in it or, if it answers nothing,
//! at the head of the first dialogue that answers it; one that neither answers nor is answered is a dialogue of its own.
//! Only the last messages of the chat are held, so that memory doesn't grow with it.

mod window;

use std::time::Duration;

use time::OffsetDateTime;

use self::window::{Kept, Window};
use super::{ImportError, Sink};
use crate::corpus::record::{Author, Dialogue, Turn};
use crate::files::FileError;

/// The reason under which [`super::Dropped`] holds messages that weren't lost but joined to the one before.
pub const JOINED: &str = "joined to the message before";

/// A joined message grows no longer, in bytes.
const LONGEST: usize = 1 << 14;

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

/// What a message says of what it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Nothing.
    Nothing,
    /// The message of this number in the same chat.
    To(i64),
    /// Something that isn't in this chat.
    Elsewhere,
}

/// A message with text.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its number, unique in its chat.
    pub id: i64,
    /// What it says it answers.
    pub reply: Reply,
    /// Who wrote it.
    pub author: Author,
    /// When.
    pub time: Option<OffsetDateTime>,
    /// What; not empty.
    pub text: String,
}

/// Why a message can't be taken.
#[derive(Debug, thiserror::Error)]
pub enum PairingError {
    /// A dialogue can't be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// There was a message of this number already.
    #[error("two messages have the number {0}")]
    Twice(i64),
}

impl PairingError {
    /// As an error of an import; `locate` adds to what is wrong with the input where that is.
    pub(super) fn told(self, locate: impl FnOnce(String) -> ImportError) -> ImportError {
        match self {
            Self::File(error) => error.into(),
            Self::Twice(_) => locate(self.to_string()),
        }
    }
}

/// The dialogues of one chat, in the making.
#[derive(Debug)]
pub struct Pairing {
    source: String,
    rules: Rules,
    window: Window,
    /// The last message, as long as its author may add to it.
    open: Option<u64>,
    /// The last message since the last cut.
    previous: Option<u64>,
    /// The last message since then that isn't by the same author as `previous`.
    other: Option<u64>,
    /// Messages that were joined to the one before.
    joined: u64,
}

impl Pairing {
    /// Begins a chat, whose dialogues name `source` as theirs.
    #[must_use]
    pub fn new(source: String, rules: Rules) -> Self {
        Self { source, rules, window: Window::default(), open: None, previous: None, other: None, joined: 0 }
    }

    /// Takes the next message. Dialogues that are complete now go to the sink.
    ///
    /// # Errors
    /// As [`PairingError`] says.
    pub fn message(&mut self, message: Message, sink: &mut Sink) -> Result<(), PairingError> {
        self.is_new(message.id)?;
        if let Some(open) = self.open.filter(|open| self.continues(*open, &message)) {
            self.window.join(open, message);
            self.joined += 1;
            return Ok(());
        }
        self.close(sink)?;
        let parent = self.parent(&message);
        if let Some(previous) = self.previous.filter(|previous| !self.is_by(*previous, &message.author)) {
            self.other = Some(previous);
        }
        let sequence = self.window.push(message.id, Some(Kept::new(message, parent)));
        (self.open, self.previous) = (Some(sequence), Some(sequence));
        self.shrink(sink)
    }

    /// Somebody, if it was a person, did something without words: sent a picture, say. What replies to it answers nothing.
    ///
    /// # Errors
    /// As [`PairingError`] says.
    pub fn silence(&mut self, id: i64, author: Option<&Author>, sink: &mut Sink) -> Result<(), PairingError> {
        self.is_new(id)?;
        if let (Some(open), Some(author)) = (self.open, author)
            && !self.is_by(open, author)
        {
            self.close(sink)?;
        }
        self.window.push(id, None);
        self.shrink(sink)
    }

    /// Foreign words, as in a forward: what follows doesn't answer what was before.
    ///
    /// # Errors
    /// As [`PairingError`] says.
    pub fn cut(&mut self, id: i64, sink: &mut Sink) -> Result<(), PairingError> {
        self.is_new(id)?;
        self.close(sink)?;
        (self.previous, self.other) = (None, None);
        self.window.push(id, None);
        self.shrink(sink)
    }

    /// Ends the chat; returns how many messages were joined to the one before.
    ///
    /// # Errors
    /// A dialogue can't be written.
    pub fn finish(mut self, sink: &mut Sink) -> Result<u64, PairingError> {
        self.close(sink)?;
        while self.window.oldest().is_some() {
            self.forget_oldest(sink)?;
        }
        Ok(self.joined)
    }

    fn is_new(&self, id: i64) -> Result<(), PairingError> {
        if self.window.find(id).is_some() { Err(PairingError::Twice(id)) } else { Ok(()) }
    }

    fn is_by(&self, sequence: u64, author: &Author) -> bool {
        self.window.get(sequence).is_some_and(|kept| kept.author.id == author.id)
    }

    /// Whether it belongs to the same burst.
    fn continues(&self, open: u64, message: &Message) -> bool {
        let Some(kept) = self.window.get(open) else { return false };
        let answers_the_same = match message.reply {
            Reply::Nothing => true,
            Reply::To(id) => {
                let target = self.window.find(id);
                kept.reply == message.reply || target.is_some_and(|to| to == open || Some(to) == kept.parent)
            }
            Reply::Elsewhere => false,
        };
        answers_the_same
            && kept.author.id == message.author.id
            && kept.text.len() + message.text.len() < LONGEST
            && within(kept.last, message.time, self.rules.burst)
    }

    /// What it answers.
    fn parent(&self, message: &Message) -> Option<u64> {
        match message.reply {
            Reply::Elsewhere => None,
            Reply::To(id) => match self.window.find(id) {
                // Something without words can't be learned from, but it is known that nothing else was answered.
                Some(sequence) => self.window.get(sequence).map(|_| sequence),
                None => self.neighbour(message),
            },
            Reply::Nothing => self.neighbour(message),
        }
    }

    /// The last message of somebody else, unless it is too old.
    fn neighbour(&self, message: &Message) -> Option<u64> {
        let by_another = |sequence: &u64| !self.is_by(*sequence, &message.author);
        let candidate = self.previous.filter(by_another).or(self.other.filter(by_another))?;
        let kept = self.window.get(candidate)?;
        within(kept.last, message.time, self.rules.gap).then_some(candidate)
    }

    /// The last message is complete. If it answers something, that is a dialogue; if not, an answer to it may come.
    fn close(&mut self, sink: &mut Sink) -> Result<(), PairingError> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let answers = self.window.get(open).is_some_and(|kept| kept.parent.is_some());
        if answers || self.rules.context == 0 { self.tell(open, sink) } else { Ok(()) }
    }

    fn shrink(&mut self, sink: &mut Sink) -> Result<(), PairingError> {
        while self.window.is_overfull() {
            self.forget_oldest(sink)?;
        }
        Ok(())
    }

    /// The oldest message leaves the window; if nobody answered it, it is told on its own.
    fn forget_oldest(&mut self, sink: &mut Sink) -> Result<(), PairingError> {
        if let Some(oldest) = self.window.oldest() {
            if self.window.get(oldest).is_some_and(|kept| !kept.told) {
                self.tell(oldest, sink)?;
            }
            self.window.pop();
        }
        Ok(())
    }

    /// Tells a message with those before it; the ones that were told before are context only.
    fn tell(&mut self, sequence: u64, sink: &mut Sink) -> Result<(), PairingError> {
        let mut turns: Vec<Turn> = Vec::new();
        let mut next = Some(sequence);
        while let Some(kept) = next.and_then(|sequence| self.window.get_mut(sequence)) {
            turns.push(kept.turn());
            kept.told = true;
            next = kept.parent.filter(|_| turns.len() <= self.rules.context);
        }
        turns.reverse();
        Ok(sink(Dialogue { source: self.source.clone(), turns, toxicity: None })?)
    }
}

/// Whether the second follows the first in no more than this time. Clocks that aren't known, or run backwards, are no
/// neighbours.
fn within(first: Option<OffsetDateTime>, second: Option<OffsetDateTime>, limit: Duration) -> bool {
    let (Some(first), Some(second)) = (first, second) else { return false };
    let between = second - first;
    !between.is_negative() && between.unsigned_abs() <= limit
}

#[cfg(test)]
mod tests;
