//! What happens when: events in the order of their time, and those of one moment in the order they were noted.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::Nanos;

/// Events that are still to come.
pub(crate) struct Agenda<E> {
    events: BinaryHeap<Reverse<Entry<E>>>,
    noted: u64,
}

struct Entry<E> {
    at: Nanos,
    number: u64,
    event: E,
}

impl<E> Agenda<E> {
    /// Nothing is to come.
    pub(crate) fn new() -> Self {
        Self { events: BinaryHeap::new(), noted: 0 }
    }

    /// Notes an event.
    pub(crate) fn note(&mut self, at: Nanos, event: E) {
        self.noted += 1;
        self.events.push(Reverse(Entry { at, number: self.noted, event }));
    }

    /// The next event, and when it is.
    pub(crate) fn next(&mut self) -> Option<(Nanos, E)> {
        self.events.pop().map(|Reverse(entry)| (entry.at, entry.event))
    }
}

impl<E> Ord for Entry<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

impl<E> PartialOrd for Entry<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> PartialEq for Entry<E> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<E> Eq for Entry<E> {}
