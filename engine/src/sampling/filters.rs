//! From logits to a distribution: temperature, top-k and top-p, as `TemperatureLogitsWarper`, `TopKLogitsWarper` and
//! `TopPLogitsWarper`. Never sorts the vocabulary: what top-p keeps is found by halving, starting with the greatest.

use super::mass::mass;
use super::peaks::{Candidate, Peaks};
use crate::generation::GenerationConfig;

/// So many of the greatest candidates are looked at first, and eight times as many each time they don't suffice.
const FIRST_PART: usize = 128;
/// So few candidates are sorted and no longer halved.
const SORTED: usize = 32;

/// The ids that remain with their probabilities, by id. Empty only if every logit is −∞.
pub(super) fn apply(logits: &[f32], peaks: &mut Peaks, config: &GenerationConfig, candidates: &mut Vec<Candidate>) {
    let (top_k, top_p) = (config.top_k, config.top_p);
    let top = peaks.top();
    if top_k > 0 && top_k < logits.len() {
        // Temperature, which comes first, would not change the order.
        peaks.greatest(logits, top_k, candidates);
        weigh(candidates, top, config.temperature);
        if top_p < 1.0 {
            let enough = f64::from(top_p) * sum(candidates);
            keep(candidates, enough);
        }
    } else if top_p < 1.0 {
        nucleus(logits, peaks, config, candidates);
    } else {
        peaks.gather(logits, f32::NEG_INFINITY, candidates);
        weigh(candidates, top, config.temperature);
    }
    let total = sum(candidates);
    candidates.iter_mut().for_each(|(_, weight)| *weight = (f64::from(*weight) / total) as f32);
    candidates.retain(|(_, probability)| *probability > 0.0);
}

/// Top-p of the whole vocabulary.
fn nucleus(logits: &[f32], peaks: &mut Peaks, config: &GenerationConfig, candidates: &mut Vec<Candidate>) {
    let top = peaks.top();
    let enough = f64::from(config.top_p) * mass(logits, top, config.temperature);
    let mut part = FIRST_PART;
    loop {
        let floor = peaks.floor(part);
        peaks.gather(logits, floor, candidates);
        weigh(candidates, top, config.temperature);
        if floor == f32::NEG_INFINITY || sum(candidates) >= enough {
            return keep(candidates, enough);
        }
        part *= 8;
    }
}

/// Logits become `exp((logit − top) / temperature)`.
fn weigh(candidates: &mut [Candidate], top: f32, temperature: f32) {
    candidates.iter_mut().for_each(|(_, logit)| *logit = ((*logit - top) / temperature).exp());
}

/// Keeps a candidate while those above it weigh less than `enough`; always the first.
fn keep(candidates: &mut Vec<Candidate>, enough: f64) {
    // Those before `begin` stay and weigh `above`, those from `end` on go; between them nothing is sorted yet.
    let (mut begin, mut end, mut above) = (0, candidates.len(), 0.0);
    let mut part = FIRST_PART;
    while end - begin > SORTED {
        let middle = part.min((end - begin) / 2);
        let unsure = &mut candidates[begin..end];
        unsure.select_nth_unstable_by(middle, greater_first);
        let weight = sum(&unsure[..middle]);
        if above + weight < enough {
            above += weight;
            begin += middle;
            part *= 8;
        } else {
            end = begin + middle;
        }
    }
    candidates[begin..end].sort_unstable_by(greater_first);
    let kept = candidates[begin..end].iter().take_while(|(_, weight)| {
        let stays = above < enough;
        above += f64::from(*weight);
        stays
    });
    let kept = begin + kept.count();
    candidates.truncate(kept.max(1));
    candidates.sort_unstable_by_key(|(id, _)| *id);
}

fn greater_first(a: &Candidate, b: &Candidate) -> std::cmp::Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

fn sum(candidates: &[Candidate]) -> f64 {
    candidates.iter().map(|(_, weight)| f64::from(*weight)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sampling(top_k: usize, top_p: f32) -> GenerationConfig {
        GenerationConfig { do_sample: true, top_k, top_p, ..GenerationConfig::default() }
    }

    fn distribution(logits: &[f32], config: &GenerationConfig) -> Vec<Candidate> {
        let (mut peaks, mut candidates) = (Peaks::default(), Vec::new());
        assert!(peaks.scan(logits));
        apply(logits, &mut peaks, config, &mut candidates);
        candidates
    }

    fn ids(logits: &[f32], config: &GenerationConfig) -> Vec<u32> {
        distribution(logits, config).into_iter().map(|(id, _)| id).collect()
    }

    #[test]
    fn equals_of_the_last_stay() {
        assert_eq!(ids(&[1.0, 3.0, 2.0, 2.0, 0.0], &sampling(2, 1.0)), [1, 2, 3]);
        assert_eq!(ids(&[1.0, 3.0], &sampling(9, 1.0)), [0, 1]);
    }

    #[test]
    fn top_p_is_of_what_top_k_left() {
        let logits = [5f32.ln(), 3f32.ln(), 2f32.ln(), 10f32.ln()];
        // Of 20 in all, the first two make 0.75; of the 15 that top-k leaves, the first makes 0.67.
        assert_eq!(ids(&logits, &sampling(0, 0.7)), [0, 3]);
        assert_eq!(ids(&logits, &sampling(2, 0.66)), [3]);
        assert_eq!(ids(&logits, &sampling(0, 0.0)), [3]);
    }

    proptest! {
        #[test]
        fn partial_sorting_changes_nothing(
            logits in proptest::collection::vec(-3.0f32..3.0, 1..900),
            p in 0.0f32..1.0,
        ) {
            let mut weights: Vec<(u32, f64)> =
                logits.iter().enumerate().map(|(id, logit)| (id as u32, f64::from(*logit).exp())).collect();
            weights.sort_by(|a, b| b.1.total_cmp(&a.1));
            let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
            let mut above = 0.0;
            let mut expected = 0;
            for (_, weight) in &weights {
                if expected > 0 && above >= f64::from(p) * total { break; }
                expected += 1;
                above += weight;
            }
            let got = distribution(&logits, &sampling(0, p));
            prop_assert!(got.len().abs_diff(expected) <= 1, "{} {expected}", got.len());
            prop_assert!((got.iter().map(|(_, p)| p).sum::<f32>() - 1.0).abs() < 1e-4);
            prop_assert!(got.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }
}
