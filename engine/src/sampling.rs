//! The choice of the next token: Hugging Face's logits processors and warpers, in their order, then greedy choice or
//! a draw. Knows no text and no model; all randomness comes from the seed.
//!
//! The order is that of `transformers.GenerationMixin`: repetition penalty, repeated n-grams, temperature, top-k,
//! top-p, each working on what the one before left, so that top-p sees probabilities renormalised after top-k.

mod filters;
mod mass;
mod peaks;
mod penalties;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use self::filters::Candidates;
use self::peaks::{Candidate, Peaks};
use self::penalties::Seen;
use crate::error::EngineError;
use crate::generation::GenerationConfig;

/// Chooses the tokens of one sequence.
///
/// Draws with `rand`'s `StdRng` (`ChaCha12`) from the configuration's seed, one number per token. A new major version
/// of `rand` may change its stream.
pub struct Sampler {
    config: GenerationConfig,
    random: StdRng,
    workspace: Workspace,
}

/// What one choice needs, kept for the next one.
#[derive(Default)]
struct Workspace {
    peaks: Peaks,
    seen: Seen,
    candidates: Candidates,
}

impl Sampler {
    /// A sampler at the beginning of its sequence.
    #[must_use]
    pub fn new(config: &GenerationConfig) -> Self {
        let random = StdRng::seed_from_u64(config.seed);
        Self { config: config.clone(), random, workspace: Workspace::default() }
    }

    /// The token after `history`, which is the prompt and what was generated, given its logits, which it spoils.
    ///
    /// # Errors
    /// [`EngineError::NotFinite`] for logits with NaN or ±∞ among them.
    pub fn choose(&mut self, logits: &mut [f32], history: &[u32]) -> Result<u32, EngineError> {
        let Self { config, random, workspace } = self;
        workspace.read(logits, history, config)?;
        if !config.do_sample {
            return Ok(workspace.peaks.likeliest(logits));
        }
        workspace.candidates.choose(logits, &mut workspace.peaks, config);
        // The number is drawn whatever happens, so that one draw is one token.
        let point: f32 = random.random();
        Ok(draw(workspace.candidates.as_slice(), point).unwrap_or_else(|| workspace.peaks.likeliest(logits)))
    }
}

impl Workspace {
    /// Looks through the logits and penalises what the history says.
    fn read(&mut self, logits: &mut [f32], history: &[u32], config: &GenerationConfig) -> Result<(), EngineError> {
        if !self.peaks.scan(logits) {
            return Err(EngineError::NotFinite);
        }
        penalties::apply(logits, history, config, &mut self.peaks, &mut self.seen);
        Ok(())
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
    let mut workspace = Workspace::default();
    workspace.read(&mut logits, history, config)?;
    workspace.candidates.choose(&logits, &mut workspace.peaks, config);
    Ok(workspace.candidates.as_slice().to_vec())
}

/// The id in whose share `point` of [0, 1) lies, walking by id: near-equal probabilities then can't change places
/// when rounding differs.
fn draw(candidates: &[Candidate], point: f32) -> Option<u32> {
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
        assert_eq!(sampler.choose(&mut [0.0, 3.0, 3.0], &[]), Ok(1));
        assert_eq!(sampler.choose(&mut [1.0, f32::NAN], &[]), Err(EngineError::NotFinite));
    }

    #[test]
    fn draws_follow_the_probabilities_and_the_seed() {
        let logits = [1f32.ln(), 2f32.ln(), 5f32.ln()];
        let count = |seed| {
            let mut sampler = Sampler::new(&GenerationConfig { seed, ..sampling() });
            let mut counts = [0usize; 3];
            (0..8000).for_each(|_| counts[sampler.choose(&mut logits.clone(), &[]).unwrap() as usize] += 1);
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
        assert_eq!(Sampler::new(&config).choose(&mut [1.0, 2.0], &[0, 1]), Ok(0));
    }

    #[test]
    fn the_tiniest_temperature_is_greedy() {
        let config = GenerationConfig { temperature: 1e-38, ..sampling() };
        assert_eq!(probabilities(vec![1.0, 1.5, -3.0], &[], &config), Ok(vec![(1, 1.0)]));
    }
}
