//! From logits to a distribution: temperature, top-k and top-p, as `TemperatureLogitsWarper`, `TopKLogitsWarper` and
//! `TopPLogitsWarper`. Never sorts the whole vocabulary where a part will do.

use crate::generation::GenerationConfig;

/// How many of the likeliest candidates top-p sorts at first; eight times as many each time it needs more.
const FIRST_PART: usize = 256;

/// A token with its logit or, later, its share.
type Candidate = (u32, f32);

/// The ids that remain with their probabilities, by id. Empty only if every logit is −∞.
pub(super) fn apply(logits: &[f32], config: &GenerationConfig) -> Vec<Candidate> {
    let mut candidates = top_k(logits, config.top_k);
    weigh(&mut candidates, config.temperature);
    if config.top_p < 1.0 {
        top_p(&mut candidates, config.top_p);
    }
    let total = sum(&candidates);
    candidates.iter_mut().for_each(|(_, weight)| *weight = (f64::from(*weight) / total) as f32);
    candidates.retain(|(_, probability)| *probability > 0.0);
    candidates
}

/// The `k` greatest and all that equal the least of them; temperature, which comes first, would not change the order.
fn top_k(logits: &[f32], k: usize) -> Vec<Candidate> {
    let mut threshold = f32::NEG_INFINITY;
    if k > 0 && k < logits.len() {
        let mut values = logits.to_vec();
        threshold = *values.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a)).1;
    }
    let remain = |logit: f32| logit >= threshold && logit > f32::NEG_INFINITY;
    let candidates = logits.iter().enumerate().filter(|(_, logit)| remain(**logit));
    candidates.map(|(id, logit)| (id as u32, *logit)).collect()
}

/// Logits become `exp((logit − greatest) / temperature)`.
fn weigh(candidates: &mut [Candidate], temperature: f32) {
    let top = candidates.iter().fold(f32::NEG_INFINITY, |top, (_, logit)| top.max(*logit));
    candidates.iter_mut().for_each(|(_, logit)| *logit = ((*logit - top) / temperature).exp());
}

/// Keeps a candidate while those above it weigh less than `p` of all; always the first.
fn top_p(candidates: &mut Vec<Candidate>, p: f32) {
    let enough = f64::from(p) * sum(candidates);
    let mut part = FIRST_PART;
    loop {
        part = part.min(candidates.len());
        if part < candidates.len() {
            candidates.select_nth_unstable_by(part, greater_first);
        }
        candidates[..part].sort_unstable_by(greater_first);
        let mut above = 0.0;
        let kept = candidates[..part].iter().take_while(|(_, weight)| {
            let stays = above < enough;
            above += f64::from(*weight);
            stays
        });
        let kept = kept.count().max(1);
        if kept < part || part == candidates.len() {
            candidates.truncate(kept);
            break;
        }
        part *= 8;
    }
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

    fn ids(logits: &[f32], config: &GenerationConfig) -> Vec<u32> {
        apply(logits, config).into_iter().map(|(id, _)| id).collect()
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
            let got = apply(&logits, &sampling(0, p));
            prop_assert!(got.len().abs_diff(expected) <= 1, "{} {expected}", got.len());
            prop_assert!((got.iter().map(|(_, p)| p).sum::<f32>() - 1.0).abs() < 1e-4);
            prop_assert!(got.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }
}
