//! What a replay comes to: counted while it goes, told at its end.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;

/// What a persona would have done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forecast {
    /// Replies in all.
    pub replies: u64,
    /// Messages that called for an answer, and were passed over for a newer one.
    pub passed_over: u64,
    /// In the mean, nights included.
    pub replies_per_hour: f64,
    /// In the busiest hour.
    pub busiest_hour: u64,
    /// When that began.
    #[serde(with = "time::serde::rfc3339::option")]
    pub busiest_hour_at: Option<OffsetDateTime>,
    /// Messages that waited at once.
    pub peak_queue: usize,
    /// From a message to its reply.
    pub longest_wait_seconds: u64,
    /// Of the time that the engine is at work, from 0 to 1, in the mean.
    pub cpu_share: f64,
    /// The same in the busiest hour.
    pub cpu_share_busiest_hour: f64,
    /// Messages within sixty seconds that called for an answer.
    pub peak_called_in_a_minute: usize,
    /// Replies within sixty seconds that left.
    pub peak_sent_in_a_minute: usize,
    /// Whether more would be said in a minute than a group takes, were it not for the pace.
    pub floods: bool,
}

/// Counts what happens.
pub(super) struct Observer {
    most_a_minute: usize,
    called: Minute,
    sent: Minute,
    hours: BTreeMap<i64, u64>,
    passed_over: u64,
    peak_queue: usize,
    longest_wait: time::Duration,
}

/// The last sixty seconds.
#[derive(Default)]
struct Minute {
    last: VecDeque<OffsetDateTime>,
    peak: usize,
}

impl Minute {
    fn at(&mut self, now: OffsetDateTime) {
        while self.last.front().is_some_and(|first| now - *first >= time::Duration::MINUTE) {
            self.last.pop_front();
        }
        self.last.push_back(now);
        self.peak = self.peak.max(self.last.len());
    }
}

impl Observer {
    pub(super) fn new(most_a_minute: usize) -> Self {
        Self {
            most_a_minute,
            called: Minute::default(),
            sent: Minute::default(),
            hours: BTreeMap::new(),
            passed_over: 0,
            peak_queue: 0,
            longest_wait: time::Duration::ZERO,
        }
    }

    pub(super) fn called(&mut self, at: OffsetDateTime) {
        self.called.at(at);
    }

    pub(super) fn waiting(&mut self, messages: usize) {
        self.peak_queue = self.peak_queue.max(messages);
    }

    pub(super) fn passed_over(&mut self, messages: usize) {
        self.passed_over += messages as u64;
    }

    pub(super) fn answered(&mut self, called: OffsetDateTime, sent: OffsetDateTime) {
        self.sent.at(sent);
        self.longest_wait = self.longest_wait.max(sent - called);
        *self.hours.entry(sent.unix_timestamp().div_euclid(3600)).or_default() += 1;
    }

    pub(super) fn forecast(self, span: time::Duration, reply: Duration) -> Forecast {
        let replies: u64 = self.hours.values().sum();
        // The first of those that are equal.
        let busiest = self.hours.iter().rev().max_by_key(|(_, count)| **count);
        let busiest_hour = busiest.map_or(0, |(_, count)| *count);
        let hours = (span.as_seconds_f64() / 3600.0).max(1.0);
        let share = |replies: f64, hours: f64| (replies * reply.as_secs_f64() / (hours * 3600.0)).min(1.0);
        Forecast {
            replies,
            passed_over: self.passed_over,
            replies_per_hour: count(replies) / hours,
            busiest_hour,
            busiest_hour_at: busiest.and_then(|(hour, _)| OffsetDateTime::from_unix_timestamp(hour * 3600).ok()),
            peak_queue: self.peak_queue,
            longest_wait_seconds: self.longest_wait.whole_seconds().unsigned_abs(),
            cpu_share: share(count(replies), hours),
            cpu_share_busiest_hour: share(count(busiest_hour), 1.0),
            peak_called_in_a_minute: self.called.peak,
            peak_sent_in_a_minute: self.sent.peak,
            floods: self.most_a_minute > 0 && self.called.peak > self.most_a_minute,
        }
    }
}

fn count(replies: u64) -> f64 {
    f64::from(u32::try_from(replies).unwrap_or(u32::MAX))
}
