//! How often one key may ask: so many requests a minute on average, all of them at once if it likes. Pure but for what it is told
//! of the time (the generic cell rate algorithm, ITU-T I.371).

use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);

/// What a key has used of its share.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// When everything that was asked so far is paid for.
    paid: Option<Instant>,
}

impl Pace {
    /// One more request.
    ///
    /// # Errors
    /// How long to wait where the share of a minute is used up.
    pub(crate) fn ask(&mut self, per_minute: u32, now: Instant) -> Result<(), Duration> {
        let cost = MINUTE / per_minute.max(1);
        let paid = self.paid.map_or(now, |paid| paid.max(now)) + cost;
        let ahead = paid.duration_since(now);
        if ahead > MINUTE {
            return Err(ahead - MINUTE);
        }
        self.paid = Some(paid);
        Ok(())
    }

    /// What was asked last doesn't count.
    pub(crate) fn give_back(&mut self, per_minute: u32) {
        self.paid = self.paid.and_then(|paid| paid.checked_sub(MINUTE / per_minute.max(1)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minutes_share_at_once_and_then_as_it_comes_back() {
        let (mut pace, begun) = (Pace::default(), Instant::now());
        for request in 0..30 {
            assert_eq!(pace.ask(30, begun), Ok(()), "request {request}");
        }
        assert_eq!(pace.ask(30, begun), Err(Duration::from_secs(2)));
        assert_eq!(pace.ask(30, begun + Duration::from_secs(2)), Ok(()));
        assert!(pace.ask(30, begun + Duration::from_secs(3)).is_err());
        let later = begun + Duration::from_secs(600);
        for _ in 0..100 {
            assert_eq!(pace.ask(30, later), Ok(()), "what is given back can be asked again");
            pace.give_back(30);
        }
        assert_eq!((0..40).filter(|_| pace.ask(30, later).is_ok()).count(), 30, "what wasn't used isn't saved up");
    }
}
