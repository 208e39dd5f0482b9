//! The last messages of a chat, by number and in their order: so many, and so much text, that memory stays bounded.

use std::collections::{HashMap, VecDeque};

use time::OffsetDateTime;

use super::{Message, Reply};
use crate::corpus::record::{Author, Turn};

/// Messages that are held: replies to older ones are replies to nothing known.
const MESSAGES: usize = 20_000;

/// Bytes of text that are held.
const BYTES: usize = 16 << 20;

/// A message with text.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) author: Author,
    pub(super) text: String,
    /// When it was begun.
    time: Option<OffsetDateTime>,
    /// When something was last added to it.
    pub(super) last: Option<OffsetDateTime>,
    pub(super) reply: Reply,
    /// What it answers.
    pub(super) parent: Option<u64>,
    /// Whether it stood in a dialogue.
    pub(super) told: bool,
}

impl Kept {
    pub(super) fn new(message: Message, parent: Option<u64>) -> Self {
        let Message { author, text, time, reply, .. } = message;
        Self { author, text, time, last: time, reply, parent, told: false }
    }

    pub(super) fn turn(&self) -> Turn {
        Turn { author: self.author.clone(), time: self.time, text: self.text.clone(), context: self.told }
    }
}

/// Messages under sequence numbers, which grow by one and are never used again.
#[derive(Debug, Default)]
pub(super) struct Window {
    slots: VecDeque<Slot>,
    /// The sequence number of the first slot.
    first: u64,
    by_id: HashMap<i64, u64, ahash::RandomState>,
    bytes: usize,
}

/// A message, under all numbers that were joined to it; or something without text.
#[derive(Debug)]
struct Slot {
    ids: Vec<i64>,
    kept: Option<Kept>,
}

impl Window {
    /// Adds one at the end; `id` is new.
    pub(super) fn push(&mut self, id: i64, kept: Option<Kept>) -> u64 {
        let sequence = self.first + self.slots.len() as u64;
        self.bytes += kept.as_ref().map_or(0, |kept| kept.text.len());
        self.by_id.insert(id, sequence);
        self.slots.push_back(Slot { ids: vec![id], kept });
        sequence
    }

    /// Adds a message to the text of another one.
    pub(super) fn join(&mut self, sequence: u64, message: Message) {
        let Some(slot) = self.slot_mut(sequence) else { return };
        let Some(kept) = &mut slot.kept else { return };
        kept.text.push('\n');
        kept.text.push_str(&message.text);
        kept.last = message.time;
        slot.ids.push(message.id);
        self.bytes += message.text.len() + 1;
        self.by_id.insert(message.id, sequence);
    }

    /// The sequence number of the message of this number.
    pub(super) fn find(&self, id: i64) -> Option<u64> {
        self.by_id.get(&id).copied()
    }

    /// The message, if it has text and is still held.
    pub(super) fn get(&self, sequence: u64) -> Option<&Kept> {
        let index = usize::try_from(sequence.checked_sub(self.first)?).ok()?;
        self.slots.get(index)?.kept.as_ref()
    }

    pub(super) fn get_mut(&mut self, sequence: u64) -> Option<&mut Kept> {
        self.slot_mut(sequence)?.kept.as_mut()
    }

    fn slot_mut(&mut self, sequence: u64) -> Option<&mut Slot> {
        let index = usize::try_from(sequence.checked_sub(self.first)?).ok()?;
        self.slots.get_mut(index)
    }

    /// The sequence number of the oldest one.
    pub(super) fn oldest(&self) -> Option<u64> {
        (!self.slots.is_empty()).then_some(self.first)
    }

    /// Lets the oldest one go.
    pub(super) fn pop(&mut self) {
        let Some(slot) = self.slots.pop_front() else { return };
        self.first += 1;
        self.bytes -= slot.kept.map_or(0, |kept| kept.text.len());
        for id in slot.ids {
            self.by_id.remove(&id);
        }
    }

    /// Whether more is held than should be; never with a single message.
    pub(super) fn is_overfull(&self) -> bool {
        self.slots.len() > MESSAGES || (self.bytes > BYTES && self.slots.len() > 1)
    }
}
