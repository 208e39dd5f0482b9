//! A part that serves in the order of arrival, several at once. Since whoever comes first goes first, it is known at an
//! arrival when it will be done: a station needs no events of its own.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Nanos, seconds};

/// Some servers with one queue before them.
#[derive(Clone, Debug)]
pub(crate) struct Station {
    /// When each server will be free.
    free: BinaryHeap<Reverse<Nanos>>,
    served: Nanos,
}

impl Station {
    /// So many servers, all of them free.
    pub(crate) fn new(servers: usize) -> Self {
        Self { free: (0..servers).map(|_| Reverse(0)).collect(), served: 0 }
    }

    /// Takes somebody who comes now and needs a server for so long; returns when that is done. Nobody may come earlier than
    /// who came before. A station without servers holds nobody up.
    pub(crate) fn admit(&mut self, now: Nanos, service: Nanos) -> Nanos {
        let Some(Reverse(free)) = self.free.pop() else { return now };
        let done = free.max(now) + service;
        self.free.push(Reverse(done));
        self.served += service;
        done
    }

    /// What part of all servers' time was asked for within so many seconds; over 1 where that was too much.
    pub(crate) fn load(&self, span: f64) -> f64 {
        if self.free.is_empty() { 0.0 } else { seconds(self.served) / (span * self.free.len() as f64) }
    }

    /// Forgets what was asked for until now.
    pub(crate) fn forget(&mut self) {
        self.served = 0;
    }
}
