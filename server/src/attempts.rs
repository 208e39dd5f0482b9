//! How often one reply is tried, and what is said when nothing usable comes of it. Pure: knows no engine and no store.

use crate::reply::{Discard, Outcome};

/// Generations that one reply may cost: the first, and two with a new seed.
const MOST: u32 = 3;

/// The attempts at one reply.
#[derive(Clone, Copy, Debug)]
pub struct Attempts {
    seed: u64,
    left: u32,
    directed: bool,
}

/// How the attempts end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// This is the reply.
    Text(String),
    /// The persona's fallback is.
    Fallback(Discard),
    /// There is none.
    Silence(Discard),
}

impl Attempts {
    /// The attempts from this seed on. `directed`: somebody spoke to the persona, and silence would be rude.
    pub fn new(seed: u64, directed: bool) -> Self {
        Self { seed, left: MOST, directed }
    }

    /// The seed of the attempt that is due; after the last, the one that would be next.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The attempt that is under way is the last: somebody has heard of it.
    pub fn no_more(&mut self) {
        self.left = self.left.min(1);
    }

    /// Takes in what became of an attempt; `None` when another is due, with the next [`Attempts::seed`].
    pub fn after(&mut self, outcome: Outcome) -> Option<End> {
        self.seed = self.seed.wrapping_add(1);
        self.left = self.left.saturating_sub(1);
        match outcome {
            Outcome::Text(text) => Some(End::Text(text)),
            Outcome::Discard(_) if self.left > 0 => None,
            Outcome::Discard(why) if self.directed => Some(End::Fallback(why)),
            Outcome::Discard(why) => Some(End::Silence(why)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn discarded(attempts: &mut Attempts) -> Option<End> {
        attempts.after(Outcome::Discard(Discard::Empty))
    }

    #[test]
    fn a_text_ends_it_at_any_attempt() {
        let mut attempts = Attempts::new(5, true);
        assert_eq!((attempts.seed(), discarded(&mut attempts)), (5, None));
        assert_eq!(attempts.seed(), 6);
        assert_eq!(attempts.after(Outcome::Text("да".to_owned())), Some(End::Text("да".to_owned())));
        assert_eq!(attempts.seed(), 7);
    }

    #[test]
    fn who_was_heard_has_no_other_attempt() {
        let mut attempts = Attempts::new(5, false);
        attempts.no_more();
        assert_eq!(discarded(&mut attempts), Some(End::Silence(Discard::Empty)));
    }

    #[test]
    fn the_third_failure_is_the_last() {
        for (directed, last) in [(true, End::Fallback(Discard::Empty)), (false, End::Silence(Discard::Empty))] {
            let mut attempts = Attempts::new(u64::MAX, directed);
            let steps = [(); 3].map(|()| discarded(&mut attempts));
            assert_eq!(steps, [None, None, Some(last)]);
            assert_eq!(attempts.seed(), 2);
        }
    }
}
