//! From logits to a distribution: temperature, top-k and top-p, as `TemperatureLogitsWarper`, `TopKLogitsWarper` and
//! `TopPLogitsWarper`. Never sorts the vocabulary: what top-p keeps is found by halving, starting with the greatest.

use super::mass::mass;
use super::peaks::{Candidate, Peaks};
use crate::generation::GenerationConfig;

/// So many groups' greatest are looked at first, and eight times as many if they don't suffice.
const FIRST_PART: usize = 128;
/// So few candidates are sorted and no longer divided.
const SORTED: usize = 32;

/// What one choice needs, kept for the next one.
#[derive(Default)]
pub(super) struct Candidates {
    /// By id.
    list: Vec<Candidate>,
    /// For sorting.
    spare: Vec<Candidate>,
}

impl Candidates {
    /// Makes these the ids that remain, with their probabilities. None only if every logit is −∞.
    pub(super) fn choose(&mut self, logits: &[f32], peaks: &mut Peaks, config: &GenerationConfig) {
        if config.top_k > 0 && config.top_k < logits.len() {
            // Temperature, which comes first, would not change the order.
            peaks.greatest(logits, config.top_k, &mut self.list);
            weigh(&mut self.list, peaks.top(), config.temperature);
            if config.top_p < 1.0 {
                self.keep(f64::from(config.top_p) * sum(&self.list), FIRST_PART);
            }
        } else if config.top_p < 1.0 {
            self.nucleus(logits, peaks, config);
        } else {
            peaks.gather(logits, f32::NEG_INFINITY, &mut self.list);
            weigh(&mut self.list, peaks.top(), config.temperature);
        }
        let total = sum(&self.list);
        self.list.iter_mut().for_each(|(_, weight)| *weight = (f64::from(*weight) / total) as f32);
        self.list.retain(|(_, probability)| *probability > 0.0);
    }

    /// The ids with their probabilities, by id.
    pub(super) fn as_slice(&self) -> &[Candidate] {
        &self.list
    }

    /// Top-p of the whole vocabulary.
    fn nucleus(&mut self, logits: &[f32], peaks: &mut Peaks, config: &GenerationConfig) {
        let (top, p) = (peaks.top(), f64::from(config.top_p));
        let total = mass(logits, top, config.temperature);
        let floors: [&dyn Fn(&mut Peaks) -> f32; 4] = [
            &|peaks| peaks.floor(FIRST_PART),
            &|peaks| peaks.floor(8 * FIRST_PART),
            // All that lie lower can't weigh as much together as top-p may leave out.
            &|_| top + config.temperature * ((1.0 - p) * total / logits.len() as f64).ln() as f32,
            &|_| f32::NEG_INFINITY,
        ];
        let mut part = FIRST_PART;
        for floor in floors {
            let floor = floor(peaks);
            peaks.gather(logits, floor, &mut self.list);
            weigh(&mut self.list, top, config.temperature);
            if sum(&self.list) >= p * total {
                break;
            }
            part = part.max(2 * self.list.len());
        }
        self.keep(p * total, part);
    }

    /// Keeps a candidate while those above it weigh less than `enough`; always the first. Probably few more than `part`.
    fn keep(&mut self, enough: f64, mut part: usize) {
        self.spare.clone_from(&self.list);
        // Those before `begin` stay and weigh `above`, those from `end` on go; between them nothing is sorted yet.
        let (mut begin, mut end, mut above) = (0, self.spare.len(), 0.0);
        while end - begin > SORTED {
            let middle = part.min((end - begin) / 2);
            let unsure = &mut self.spare[begin..end];
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
        self.spare[begin..end].sort_unstable_by(greater_first);
        let kept = self.spare[begin..end].iter().take_while(|(_, weight)| {
            let stays = above < enough;
            above += f64::from(*weight);
            stays
        });
        let kept = begin + kept.count();
        if let Some(last) = self.spare.get(kept.saturating_sub(1)).copied() {
            self.list.retain(|candidate| greater_first(candidate, &last).is_le());
        }
    }
}

/// Logits become `exp((logit − top) / temperature)`.
fn weigh(candidates: &mut [Candidate], top: f32, temperature: f32) {
    candidates.iter_mut().for_each(|(_, logit)| *logit = ((*logit - top) / temperature).exp());
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
        let (mut peaks, mut candidates) = (Peaks::default(), Candidates::default());
        assert!(peaks.scan(logits));
        candidates.choose(logits, &mut peaks, config);
        candidates.list
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
