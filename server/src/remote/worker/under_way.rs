//! The jobs that a worker has on one connection, and those that it will be given in vain.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Cancellations of jobs that have not come yet, that are remembered.
const MOST_CANCELLED: usize = 10_000;

/// A job, by whom it is for and its number there.
pub(super) type JobId = (String, u64);

/// The jobs under way, and those that nobody wants any more.
#[derive(Default)]
pub(super) struct UnderWay {
    running: Mutex<HashMap<JobId, CancellationToken>>,
    cancelled: Mutex<VecDeque<JobId>>,
    working: AtomicUsize,
    /// Rung when one ends.
    pub(super) ended: Notify,
}

/// A job that has a place in the engine.
pub(super) struct Working<'a>(&'a UnderWay);

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.working.fetch_sub(1, Ordering::Relaxed);
        self.0.ended.notify_waiters();
    }
}

impl UnderWay {
    /// A job begins; `None` where nobody wants it any more.
    pub(super) fn begin(&self, id: &JobId) -> Option<CancellationToken> {
        let mut cancelled = self.cancelled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = cancelled.iter().position(|other| other == id) {
            cancelled.remove(at);
            return None;
        }
        let token = CancellationToken::new();
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), token.clone());
        Some(token)
    }

    /// It has ended.
    pub(super) fn end(&self, id: &JobId) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// One of them takes a place in the engine, until what is returned is dropped.
    pub(super) fn work(&self) -> Working<'_> {
        self.working.fetch_add(1, Ordering::Relaxed);
        Working(self)
    }

    /// How many have one.
    pub(super) fn working(&self) -> usize {
        self.working.load(Ordering::Relaxed)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Nobody wants a job any more.
    pub(super) fn cancel(&self, id: JobId) {
        if let Some(token) = self.running.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            return token.cancel();
        }
        let mut cancelled = self.cancelled.lock().unwrap_or_else(PoisonError::into_inner);
        cancelled.push_back(id);
        if cancelled.len() > MOST_CANCELLED {
            cancelled.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancellation_may_come_before_its_job() {
        let (under_way, id) = (UnderWay::default(), |attempt| ("d".to_owned(), attempt));
        let token = under_way.begin(&id(1)).unwrap();
        under_way.cancel(id(1));
        assert!(token.is_cancelled());
        under_way.cancel(id(2));
        assert!(under_way.begin(&id(2)).is_none(), "nobody wants it");
        assert!(under_way.begin(&id(2)).is_some(), "that was another job of this number");
        under_way.end(&id(1));
        assert_eq!(under_way.count(), 1);
        {
            let _working = under_way.work();
            assert_eq!(under_way.working(), 1);
        }
        assert_eq!(under_way.working(), 0);
    }
}
