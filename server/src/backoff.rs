//! How long to wait before trying again: doubling, bounded, with jitter.

use std::time::Duration;

use crate::clock::Dice;

/// A series of waits that doubles from `first` up to `longest`.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    /// A series that has not begun.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, failures: 0 }
    }

    /// The next wait: between half and all of the doubled time, so that many who failed together don't return together.
    pub fn next(&mut self, dice: &Dice) -> Duration {
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(self.failures.min(16)));
        self.failures = self.failures.saturating_add(1);
        doubled.min(self.longest).mul_f64(0.5 + dice.fraction() / 2.0)
    }

    /// How often it failed in a row.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// After a success the series begins anew.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_its_limit_and_begins_anew() {
        let dice = Dice::seeded(1);
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
        for limit in [1, 2, 4, 8, 16, 30, 30] {
            let wait = backoff.next(&dice);
            assert!(
                wait <= Duration::from_secs(limit) && wait >= Duration::from_secs(limit) / 2,
                "{wait:?} for {limit}"
            );
        }
        backoff.reset();
        assert!(backoff.next(&dice) <= Duration::from_secs(1));
    }
}
