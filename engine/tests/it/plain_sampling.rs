//! The choice of the next token as plainly as it can be written, with a pass, a copy or a sort of the vocabulary for
//! each step: an oracle for tests and, included by its path, the other side of a benchmark.

use std::collections::BTreeSet;

use maskarad_engine::GenerationConfig;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// What [`maskarad_engine::sampling::Sampler`] does, for finite logits.
pub(crate) struct PlainSampler {
    config: GenerationConfig,
    random: StdRng,
}

impl PlainSampler {
    pub(crate) fn new(config: &GenerationConfig) -> Self {
        Self { config: config.clone(), random: StdRng::seed_from_u64(config.seed) }
    }

    pub(crate) fn choose(&mut self, mut logits: Vec<f32>, history: &[u32]) -> u32 {
        assert!(logits.iter().all(|logit| logit.is_finite()));
        penalise(&mut logits, history, &self.config);
        let likeliest = (0..logits.len()).fold(0, |best, id| if logits[id] > logits[best] { id } else { best }) as u32;
        if !self.config.do_sample {
            return likeliest;
        }
        let point: f32 = self.random.random();
        let mut passed = 0.0;
        let shares = shares(&logits, &self.config);
        let drawn = shares.iter().find(|(_, share)| {
            passed += share;
            point < passed
        });
        drawn.or(shares.last()).map_or(likeliest, |(id, _)| *id)
    }
}

/// Repetition penalty and banned n-grams.
pub(crate) fn penalise(logits: &mut [f32], history: &[u32], config: &GenerationConfig) {
    for id in history.iter().collect::<BTreeSet<_>>() {
        let logit = &mut logits[*id as usize];
        *logit = if *logit < 0.0 { *logit * config.repetition_penalty } else { *logit / config.repetition_penalty };
    }
    let size = config.no_repeat_ngram_size;
    if size > 0 && history.len() + 1 >= size {
        let prefix = &history[history.len() + 1 - size..];
        for ngram in history.windows(size).filter(|ngram| ngram.starts_with(prefix)) {
            logits[ngram[size - 1] as usize] = f32::NEG_INFINITY;
        }
    }
}

/// Ids and probabilities after temperature, top-k and top-p, by id.
pub(crate) fn shares(logits: &[f32], config: &GenerationConfig) -> Vec<(u32, f32)> {
    let mut sorted = logits.to_vec();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let is_cut = config.top_k > 0 && config.top_k < logits.len();
    let least = if is_cut { sorted[config.top_k - 1] } else { f32::NEG_INFINITY };
    let weigh = |logit: f32| ((logit - sorted[0]) / config.temperature).exp();
    let remain = (0..).zip(logits).filter(|(_, logit)| **logit >= least && **logit > f32::NEG_INFINITY);
    let mut weights: Vec<(u32, f32)> = remain.map(|(id, logit)| (id, weigh(*logit))).collect();
    if config.top_p < 1.0 {
        let enough = f64::from(config.top_p) * sum(&weights);
        weights.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let mut above = 0.0;
        let kept = weights.iter().take_while(|(_, weight)| {
            let stays = above < enough;
            above += f64::from(*weight);
            stays
        });
        let kept = kept.count().max(1);
        weights.truncate(kept);
        weights.sort_unstable_by_key(|(id, _)| *id);
    }
    let total = sum(&weights);
    weights.iter_mut().for_each(|(_, weight)| *weight = (f64::from(*weight) / total) as f32);
    weights.retain(|(_, share)| *share > 0.0);
    weights
}

fn sum(weights: &[(u32, f32)]) -> f64 {
    weights.iter().map(|(_, weight)| f64::from(*weight)).sum()
}
