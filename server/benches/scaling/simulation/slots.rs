//! How much a daemon has under way at once.

use std::collections::VecDeque;

/// Places, and who waits for one.
#[derive(Clone, Debug)]
pub(crate) struct Slots {
    free: usize,
    waiting: VecDeque<usize>,
}

impl Slots {
    /// So many places, all of them free.
    pub(crate) fn new(places: usize) -> Self {
        Self { free: places, waiting: VecDeque::new() }
    }

    /// Whether this one gets a place now; if not, it waits.
    pub(crate) fn take(&mut self, who: usize) -> bool {
        if self.free == 0 {
            self.waiting.push_back(who);
            return false;
        }
        self.free -= 1;
        true
    }

    /// A place is free again; returns who gets it.
    pub(crate) fn leave(&mut self) -> Option<usize> {
        let next = self.waiting.pop_front();
        self.free += usize::from(next.is_none());
        next
    }
}
