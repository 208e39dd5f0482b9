//! Penalties that look at the history: `RepetitionPenaltyLogitsProcessor` and `NoRepeatNGramLogitsProcessor`.

use super::peaks::Peaks;
use crate::generation::GenerationConfig;

/// Ids that were met already, a bit each.
#[derive(Default)]
pub(super) struct Seen(Vec<u64>);

/// Both penalties, in Hugging Face's order.
pub(super) fn apply(
    logits: &mut [f32],
    history: &[u32],
    config: &GenerationConfig,
    peaks: &mut Peaks,
    seen: &mut Seen,
) {
    if config.repetition_penalty != 1.0 {
        let penalty = config.repetition_penalty;
        for id in seen.first_times(history, logits.len()) {
            let logit = logits[id as usize];
            peaks.replace(logits, id, if logit < 0.0 { logit * penalty } else { logit / penalty });
        }
    }
    let rows = logits.len();
    for id in completions(history, config.no_repeat_ngram_size).filter(|id| (*id as usize) < rows) {
        peaks.replace(logits, id, f32::NEG_INFINITY);
    }
}

impl Seen {
    /// The ids below `rows`, each where it first occurs.
    fn first_times(&mut self, ids: &[u32], rows: usize) -> impl Iterator<Item = u32> {
        self.0.clear();
        self.0.resize(rows.div_ceil(64), 0);
        ids.iter().copied().filter(move |id| {
            let (word, bit) = (*id as usize / 64, 1 << (id % 64));
            let is_new = (*id as usize) < rows && self.0[word] & bit == 0;
            if is_new {
                self.0[word] |= bit;
            }
            is_new
        })
    }
}

/// Every token that would complete a sequence of `size` tokens that is in the history already; none if `size` is 0.
fn completions(history: &[u32], size: usize) -> impl Iterator<Item = u32> {
    let begin = if size == 0 { None } else { (history.len() + 1).checked_sub(size) };
    let prefix = begin.map_or(&[][..], |begin| &history[begin..]);
    let earlier = if begin.is_some() { history } else { &[] };
    earlier.windows(size.max(1)).filter(move |ngram| ngram.starts_with(prefix)).map(move |ngram| ngram[size - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn penalised<const N: usize>(mut logits: [f32; N], history: &[u32], config: &GenerationConfig) -> [f32; N] {
        let mut peaks = Peaks::default();
        assert!(peaks.scan(&logits));
        apply(&mut logits, history, config, &mut peaks, &mut Seen(vec![u64::MAX]));
        logits
    }

    #[test]
    fn repetition_counts_once_and_by_sign() {
        let config = GenerationConfig { repetition_penalty: 2.0, ..GenerationConfig::default() };
        assert_eq!(penalised([2.0, -2.0, 2.0, 0.0], &[0, 1, 0, 3, 99], &config), [1.0, -4.0, 2.0, 0.0]);
    }

    fn banned(history: &[u32], size: usize) -> Vec<usize> {
        let config = GenerationConfig { no_repeat_ngram_size: size, ..GenerationConfig::default() };
        let logits = penalised([0.0; 6], history, &config);
        (0..6).filter(|id| logits[*id] == f32::NEG_INFINITY).collect()
    }

    #[test]
    fn ngrams() {
        assert_eq!(banned(&[1, 2, 3, 1, 2], 3), [3]);
        assert_eq!(banned(&[1, 2, 1, 3, 1], 2), [2, 3]);
        assert_eq!(banned(&[1, 2, 1], 1), [1, 2]);
        assert_eq!(banned(&[4, 4], 3), [] as [usize; 0]);
        assert_eq!(banned(&[4, 4], 2), [4]);
        assert_eq!(banned(&[], 1), [] as [usize; 0]);
        assert_eq!(banned(&[1], 5), [] as [usize; 0]);
        assert_eq!(banned(&[1, 99], 1), [1]);
        assert_eq!(banned(&[1, 1], 0), [] as [usize; 0]);
    }
}
