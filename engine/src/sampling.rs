//! The choice of the next token: Hugging Face's logits processors and warpers, in their order, then greedy choice or
//! a draw. Knows no text and no model; all randomness comes from the seed.
//!
//! The order is that of `transformers.GenerationMixin`: repetition penalty, repeated n-grams, temperature, top-k,
//! top-p, each working on what the one before left, so that top-p sees probabilities renormalised after top-k.

mod filters;
mod penalties;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::error::EngineError;
use crate::generation::GenerationConfig;

/// Chooses the tokens of one sequence.
///
/// Draws with `rand`'s `StdRng` (`ChaCha12`) from the configuration's seed, one number per token. A new major version
/// of `rand` may change its stream.
pub struct Sampler {
    config: GenerationConfig,
    random: StdRng,
}

impl Sampler {
    /// A sampler at the beginning of its sequence.
    #[must_use]
    pub fn new(config: &GenerationConfig) -> Self {
        Self { config: config.clone(), random: StdRng::seed_from_u64(config.seed) }
    }

    /// The token after `history`, which is the prompt and what was generated, given its logits.
    ///
    /// # Errors
    /// [`EngineError::NotFinite`] for logits with NaN or +∞ among them.
    pub fn choose(&mut self, mut logits: Vec<f32>, history: &[u32]) -> Result<u32, EngineError> {
        check_finite(&logits)?;
        penalties::apply(&mut logits, history, &self.config);
        if !self.config.do_sample {
            return Ok(likeliest(&logits));
        }
        let candidates = filters::apply(&logits, &self.config);
        // The number is drawn whatever happens, so that one draw is one token.
        let point: f32 = self.random.random();
        Ok(draw(&candidates, point).unwrap_or_else(|| likeliest(&logits)))
    }
}

/// The distribution that [`Sampler`] draws from: ids with their probabilities, by id, without those of probability 0.
///
/// # Errors
/// As [`Sampler::choose`].
pub fn probabilities(
    mut logits: Vec<f32>,
    history: &[u32],
    config: &GenerationConfig,
) -> Result<Vec<(u32, f32)>, EngineError> {
    check_finite(&logits)?;
    penalties::apply(&mut logits, history, config);
    Ok(filters::apply(&logits, config))
}

fn check_finite(logits: &[f32]) -> Result<(), EngineError> {
    let is_finite = logits.iter().all(|logit| logit.is_finite());
    if is_finite { Ok(()) } else { Err(EngineError::NotFinite) }
}

/// The lowest id among those with the greatest logit.
fn likeliest(logits: &[f32]) -> u32 {
    let mut best = (0, f32::NEG_INFINITY);
    for (id, logit) in logits.iter().enumerate() {
        if *logit > best.1 {
            best = (id as u32, *logit);
        }
    }
    best.0
}

/// The id in whose share `point` of [0, 1) lies, walking by id: near-equal probabilities then can't change places
/// when rounding differs.
fn draw(candidates: &[(u32, f32)], point: f32) -> Option<u32> {
    let mut passed = 0.0;
    for (id, probability) in candidates {
        passed += probability;
        if point < passed {
            return Some(*id);
        }
    }
    candidates.last().map(|(id, _)| *id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampling() -> GenerationConfig {
        GenerationConfig { do_sample: true, top_k: 0, ..GenerationConfig::default() }
    }

    #[test]
    fn greedy_takes_the_lowest_of_equals() {
        let mut sampler = Sampler::new(&GenerationConfig::default());
        assert_eq!(sampler.choose(vec![0.0, 3.0, 3.0], &[]), Ok(1));
        assert_eq!(sampler.choose(vec![1.0, f32::NAN], &[]), Err(EngineError::NotFinite));
    }

    #[test]
    fn draws_follow_the_probabilities_and_the_seed() {
        let logits = vec![1f32.ln(), 2f32.ln(), 5f32.ln()];
        let count = |seed| {
            let mut sampler = Sampler::new(&GenerationConfig { seed, ..sampling() });
            let mut counts = [0usize; 3];
            (0..8000).for_each(|_| counts[sampler.choose(logits.clone(), &[]).unwrap() as usize] += 1);
            counts
        };
        let counts = count(7);
        for (seen, expected) in counts.into_iter().zip([1000usize, 2000, 5000]) {
            assert!(seen.abs_diff(expected) < 150, "{counts:?}");
        }
        assert_eq!(counts, count(7));
        assert_ne!(counts, count(8));
    }

    #[test]
    fn where_everything_is_banned_the_first_token_is_taken() {
        let config = GenerationConfig { no_repeat_ngram_size: 1, ..sampling() };
        assert_eq!(Sampler::new(&config).choose(vec![1.0, 2.0], &[0, 1]), Ok(0));
    }

    #[test]
    fn the_tiniest_temperature_is_greedy() {
        let config = GenerationConfig { temperature: 1e-38, ..sampling() };
        assert_eq!(probabilities(vec![1.0, 1.5, -3.0], &[], &config), Ok(vec![(1, 1.0)]));
    }
}
