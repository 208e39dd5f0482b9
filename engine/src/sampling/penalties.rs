//! Penalties that look at the history: `RepetitionPenaltyLogitsProcessor` and `NoRepeatNGramLogitsProcessor`.

use std::collections::BTreeSet;

use crate::generation::GenerationConfig;

/// Both penalties, in Hugging Face's order.
pub(super) fn apply(logits: &mut [f32], history: &[u32], config: &GenerationConfig) {
    if config.repetition_penalty != 1.0 {
        penalise_repetition(logits, history, config.repetition_penalty);
    }
    if config.no_repeat_ngram_size > 0 {
        ban_repeated_ngrams(logits, history, config.no_repeat_ngram_size);
    }
}

/// Once for each token seen, however often: a positive logit is divided, a negative one multiplied.
fn penalise_repetition(logits: &mut [f32], history: &[u32], penalty: f32) {
    for id in BTreeSet::from_iter(history) {
        if let Some(logit) = logits.get_mut(*id as usize) {
            *logit = if *logit < 0.0 { *logit * penalty } else { *logit / penalty };
        }
    }
}

/// Bans every token that would complete a sequence of `size` tokens that is in the history already.
fn ban_repeated_ngrams(logits: &mut [f32], history: &[u32], size: usize) {
    let Some(begin) = (history.len() + 1).checked_sub(size) else {
        return;
    };
    let prefix = &history[begin..];
    for ngram in history.windows(size).filter(|ngram| ngram.starts_with(prefix)) {
        if let Some(logit) = logits.get_mut(ngram[size - 1] as usize) {
            *logit = f32::NEG_INFINITY;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetition_counts_once_and_by_sign() {
        let mut logits = [2.0, -2.0, 2.0, 0.0];
        penalise_repetition(&mut logits, &[0, 1, 0, 3, 99], 2.0);
        assert_eq!(logits, [1.0, -4.0, 2.0, 0.0]);
    }

    fn banned(history: &[u32], size: usize) -> Vec<usize> {
        let mut logits = [0.0; 6];
        ban_repeated_ngrams(&mut logits, history, size);
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
    }
}
