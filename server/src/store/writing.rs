//! How writing fares: whether what was to be recorded lately could be. A question that only reads doesn't notice a database
//! that is read-only or full, so the writes themselves are watched.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::error::{Cause, Result, StoreError};

/// How writes fare.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writing {
    /// What keeps writes from being recorded; `None` when the last one was.
    pub failing: Option<Failing>,
    /// How long the oldest write under way has taken so far.
    pub waiting: Option<Duration>,
}

/// A database that takes no writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// How long ago the first of these failures was.
    pub since: Duration,
    /// How long ago the last one was: whoever has something to record tries again every few seconds.
    pub last: Duration,
    /// Why it failed.
    pub cause: Cause,
}

/// Watches the writes of one store.
#[derive(Debug, Default)]
pub(super) struct WriteLog(Mutex<Log>);

#[derive(Debug, Default)]
struct Log {
    failing: Option<(Instant, Instant, Cause)>,
    under_way: BTreeMap<u64, Instant>,
    next: u64,
}

/// A write under way, until it is dropped.
pub(super) struct UnderWay<'a> {
    log: &'a WriteLog,
    number: u64,
}

impl WriteLog {
    /// A write begins.
    pub(super) fn begin(&self, now: Instant) -> UnderWay<'_> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = log.next;
        log.next += 1;
        log.under_way.insert(number, now);
        UnderWay { log: self, number }
    }

    /// How writes fare at this moment.
    pub(super) fn at(&self, now: Instant) -> Writing {
        let log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failing = log.failing.as_ref().map(|(since, last, cause)| Failing {
            since: now - *since,
            last: now - *last,
            cause: cause.clone(),
        });
        // The numbers rise with time, so the first is the oldest.
        Writing { failing, waiting: log.under_way.values().next().map(|begun| now - *begun) }
    }
}

impl UnderWay<'_> {
    /// The write has ended so. A refusal says nothing about the next one.
    pub(super) fn end<T>(self, now: Instant, result: Result<T>) -> Result<T> {
        let mut log = self.log.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &result {
            Ok(_) => log.failing = None,
            Err(StoreError::Unavailable(cause)) => {
                let since = log.failing.as_ref().map_or(now, |(since, ..)| *since);
                log.failing = Some((since, now, cause.clone()));
            }
            Err(_) => {}
        }
        drop(log);
        result
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.log.0.lock().unwrap_or_else(PoisonError::into_inner).under_way.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> Result<()> {
        Err(sqlx::Error::PoolTimedOut.into())
    }

    #[test]
    fn the_last_write_tells_and_the_first_failure_dates_it() {
        let log = WriteLog::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(log.at(start), Writing::default());
        for second in [0, 2, 4] {
            assert!(log.begin(at(second)).end(at(second), away()).is_err());
        }
        let failing = log.at(at(6)).failing.unwrap();
        assert_eq!((failing.since, failing.last), (Duration::from_secs(6), Duration::from_secs(2)));
        let refused = Err::<(), _>(StoreError::Location(String::new()));
        assert!(log.begin(start).end(start, refused).is_err());
        assert!(log.at(at(6)).failing.is_some(), "a refusal doesn't say that the next will do");
        assert!(log.begin(start).end(start, Ok(())).is_ok() && log.at(at(6)).failing.is_none());
    }

    #[test]
    fn what_takes_long_is_seen_before_it_ends() {
        let log = WriteLog::default();
        let start = Instant::now();
        let later = start + Duration::from_secs(7);
        let slow = log.begin(start);
        let quick = log.begin(later);
        assert_eq!(log.at(later).waiting, Some(Duration::from_secs(7)));
        drop(slow);
        assert_eq!(log.at(later).waiting, Some(Duration::ZERO));
        assert!(quick.end(later, Ok(())).is_ok());
        assert_eq!(log.at(later).waiting, None);
    }
}
