//! How fast one side makes replies, as far as is known from those it made. Reads no clock.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How much the newest reply counts beside all before.
const NEWEST: f64 = 0.2;
/// What was measured is believed half as much after so long, so that a side that once was slow is tried again.
const HALF_LIFE: f64 = 30.0;

/// One side's speed.
#[derive(Default)]
pub(super) struct Meter {
    under_way: AtomicUsize,
    /// Seconds that a token takes for each reply that is under way beside it; and when the last was measured.
    cost: Mutex<Option<(f64, Instant)>>,
}

/// A reply in the making; dropping it ends it.
pub(super) struct Ticket<'a> {
    meter: &'a Meter,
    begun: Instant,
    /// Replies under way when it began, itself included.
    beside: usize,
}

impl Meter {
    /// A reply begins.
    pub(super) fn begin(&self, now: Instant) -> Ticket<'_> {
        let beside = self.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        Ticket { meter: self, begun: now, beside }
    }

    /// Replies under way.
    pub(super) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    /// What a token costs by now; `None` where nothing was measured.
    pub(super) fn cost(&self, now: Instant) -> Option<f64> {
        let (cost, measured) = (*self.cost.lock().unwrap_or_else(PoisonError::into_inner))?;
        let age = now.saturating_duration_since(measured).as_secs_f64();
        Some(cost * 0.5_f64.powf(age / HALF_LIFE))
    }

    fn measured(&self, cost: f64, now: Instant) {
        let mut kept = self.cost.lock().unwrap_or_else(PoisonError::into_inner);
        let cost = kept.map_or(cost, |(former, _)| former * (1.0 - NEWEST) + cost * NEWEST);
        *kept = Some((cost, now));
    }
}

impl Ticket<'_> {
    /// It ended well, with so many tokens.
    pub(super) fn finished(&self, tokens: usize, now: Instant) {
        let took = now.saturating_duration_since(self.begun).max(Duration::from_micros(1));
        self.meter.measured(took.as_secs_f64() / tokens.max(1) as f64 / self.beside as f64, now);
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.meter.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Which of two sides will probably be done with one more reply first: `true` for the other one. A side of unknown speed
/// counts as no slower than this one.
pub(super) fn other_is_faster(this: &Meter, other: &Meter, now: Instant) -> bool {
    let (cost, others) = (this.cost(now), other.cost(now));
    let (cost, others) = (cost.or(others).unwrap_or(1.0), others.or(cost).unwrap_or(1.0));
    others * (other.under_way() + 1) as f64 <= cost * (this.under_way() + 1) as f64
        && (other.under_way(), others) != (this.under_way(), cost)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(meter: &Meter, seconds: f64, begin: Instant) {
        meter.begin(begin).finished(1, begin + Duration::from_secs_f64(seconds));
    }

    #[test]
    fn the_first_replies_are_shared_until_something_is_known() {
        let (here, there, now) = (Meter::default(), Meter::default(), Instant::now());
        assert!(!other_is_faster(&here, &there, now), "at equal odds it stays here");
        let _one = here.begin(now);
        assert!(other_is_faster(&here, &there, now));
        let _two = there.begin(now);
        assert!(!other_is_faster(&here, &there, now));
    }

    #[test]
    fn replies_go_where_they_are_done_first() {
        let (here, there, now) = (Meter::default(), Meter::default(), Instant::now());
        measure(&here, 0.3, now);
        measure(&there, 0.1, now);
        let at = now + Duration::from_secs(1);
        let mut given = Vec::new();
        let tickets: Vec<_> = (0..8)
            .map(|_| {
                let goes = other_is_faster(&here, &there, at);
                given.push(goes);
                if goes { there.begin(at) } else { here.begin(at) }
            })
            .collect();
        assert_eq!(given.iter().filter(|goes| **goes).count(), 6, "three for one: {given:?}");
        drop(tickets);
        assert_eq!((here.under_way(), there.under_way()), (0, 0));
    }

    #[test]
    fn who_was_slow_is_tried_again_some_time() {
        let (here, there, now) = (Meter::default(), Meter::default(), Instant::now());
        measure(&there, 60.0, now);
        let later = now + Duration::from_secs(600);
        measure(&here, 0.1, later);
        assert!(other_is_faster(&here, &there, later + Duration::from_secs(1)));
    }
}
