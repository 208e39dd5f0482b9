//! How well a model foretells text when each token is given the true ones before it. Knows ids, no templates.

use maskarad_dialog::Lesson;
use maskarad_engine::{EngineError, LoadedModel};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::diversity::share;
use crate::progress::Progress;

/// Blocks that are computed between two signs of life.
const ROUND: usize = 16;

/// What a model makes of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Tokens that were foretold.
    pub tokens: usize,
    /// Mean negative log-likelihood of a token, in nats.
    pub loss: f64,
    /// The exponential of the loss.
    pub perplexity: f64,
    /// Share of tokens that were the likeliest in their place.
    pub accuracy: f64,
}

/// Scores text as Hugging Face's `run_clm.py` does: joined ids are cut into blocks, the remainder is dropped, and each block's
/// tokens but the first are foretold from those before them in the block.
///
/// # Errors
/// A block is longer than the model's positions, or an id has no row.
pub fn blocks(model: &LoadedModel, ids: &[u32], block: usize, progress: &dyn Progress) -> Result<Score, EngineError> {
    let blocks: Vec<&[u32]> = ids.chunks_exact(block.max(2)).collect();
    score(blocks.len(), progress, |index| {
        let ids = blocks[index];
        sum(&model.logits(ids)?, ids, |_| true)
    })
}

/// Scores only what answers consist of, their ends included, each row by itself.
///
/// # Errors
/// As [`blocks`].
pub fn answers(model: &LoadedModel, rows: &[Lesson], progress: &dyn Progress) -> Result<Score, EngineError> {
    score(rows.len(), progress, |index| {
        let Lesson { ids, answer } = &rows[index];
        sum(&model.logits(ids)?, ids, |place| answer[place])
    })
}

/// Sums over the tokens of a text.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    tokens: usize,
    loss: f64,
    right: usize,
}

/// Adds up pieces in their order, so that the result doesn't depend on threads.
fn score(
    pieces: usize,
    progress: &dyn Progress,
    sum_of: impl Fn(usize) -> Result<Sum, EngineError> + Sync,
) -> Result<Score, EngineError> {
    let mut total = Sum::default();
    for first in (0..pieces).step_by(ROUND) {
        let round = first..(first + ROUND).min(pieces);
        let sums: Vec<Sum> = round.clone().into_par_iter().map(&sum_of).collect::<Result<_, _>>()?;
        for sum in sums {
            total.tokens += sum.tokens;
            total.loss += sum.loss;
            total.right += sum.right;
        }
        progress.at(round.end as u64);
    }
    let loss = if total.tokens == 0 { 0.0 } else { total.loss / total.tokens as f64 };
    Ok(Score { tokens: total.tokens, loss, perplexity: loss.exp(), accuracy: share(total.right, total.tokens) })
}

/// `logits` has a row for each id: what follows it.
fn sum(logits: &[Vec<f32>], ids: &[u32], counts: impl Fn(usize) -> bool) -> Result<Sum, EngineError> {
    let mut sum = Sum::default();
    for place in (1..ids.len()).filter(|place| counts(*place)) {
        let (row, id) = (&logits[place - 1], ids[place] as usize);
        let likeliest = (0..row.len()).fold(0, |best, id| if row[id] > row[best] { id } else { best });
        let top = f64::from(row[likeliest]);
        let total: f64 = row.iter().map(|logit| (f64::from(*logit) - top).exp()).sum();
        sum.tokens += 1;
        sum.loss += total.ln() + top - f64::from(row[id]);
        sum.right += usize::from(likeliest == id);
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_and_hits_are_those_by_hand() {
        // Softmax of [0, ln 3] is [1/4, 3/4].
        let row = vec![0.0, 3.0_f32.ln()];
        let found = sum(&[row.clone(), row.clone(), row], &[0, 1, 0], |_| true).unwrap();
        assert_eq!((found.tokens, found.right), (2, 1));
        assert!((found.loss - ((4.0_f64 / 3.0).ln() + 4.0_f64.ln())).abs() < 1e-6);
    }

    #[test]
    fn only_what_counts_counts() {
        let row = vec![0.0, 0.0];
        let found = sum(&vec![row; 4], &[0, 1, 1, 0], |place| place == 2).unwrap();
        assert_eq!((found.tokens, found.right), (1, 0));
    }
}
