//! Chance, from a seed.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{Nanos, nanos};

/// Everything that is left to chance.
pub(crate) struct Dice(StdRng);

impl Dice {
    /// The same seed falls alike.
    pub(crate) fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// A time that doesn't remember how long it has lasted, of this mean in seconds.
    pub(crate) fn exponential(&mut self, mean: f64) -> Nanos {
        let uniform: f64 = self.0.random();
        nanos(-mean * (1.0 - uniform).ln())
    }

    /// How often something is done that is done at least once, of this mean.
    pub(crate) fn times(&mut self, mean: f64) -> u32 {
        if mean <= 1.0 {
            return 1;
        }
        let uniform: f64 = self.0.random();
        1 + ((1.0 - uniform).ln() / (1.0 - 1.0 / mean).ln()) as u32
    }

    /// A number of these, all of them as likely.
    pub(crate) fn between(&mut self, (least, most): (u32, u32)) -> u32 {
        self.0.random_range(least..=most)
    }

    /// Whether something happens that does in this part of all cases.
    pub(crate) fn happens(&mut self, share: f64) -> bool {
        self.0.random::<f64>() < share
    }
}
