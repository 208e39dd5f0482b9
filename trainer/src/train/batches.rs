//! Which rows are computed at once, in which order: a function of the seed and the epoch alone, so that a resumed run finds
//! its place by counting.

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngCore, SeedableRng};

use super::Batch;
use super::data::{Rows, id, is_learned};

/// Batches within which rows are sorted by length: enough that little is padded, few enough that epochs differ.
const BUCKET: usize = 50;

/// What stands behind rows that are too short; nothing is predicted from it.
const PADDING: u32 = 0;

/// The label of what isn't learned, as Hugging Face has it.
const UNLEARNED: i64 = -100;

/// How rows become batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Rows of a batch.
    pub rows: usize,
    /// `Some`: texts fill blocks of so many tokens, across rows.
    pub packing: Option<usize>,
    /// What shuffles follow from.
    pub seed: u64,
}

/// The batches of one reading of the rows.
#[derive(Debug)]
pub struct Epoch<'a> {
    source: Source<'a>,
    batches: Vec<Vec<usize>>,
}

/// What batches are made of.
#[derive(Debug)]
enum Source<'a> {
    Rows(&'a Rows),
    Blocks { tokens: Vec<u32>, length: usize },
}

impl Plan {
    /// How many batches an epoch has.
    #[must_use]
    pub fn batches(&self, rows: &Rows) -> usize {
        let units = match self.packing {
            Some(length) => rows.token_count().div_ceil(length),
            None => rows.len(),
        };
        units.div_ceil(self.rows)
    }

    /// The batches of an epoch, counted from 0.
    #[must_use]
    pub fn epoch<'a>(&self, rows: &'a Rows, epoch: u64) -> Epoch<'a> {
        let mut random = StdRng::seed_from_u64(mix(self.seed, epoch));
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.shuffle(&mut random);
        self.arranged(rows, order, Some(&mut random))
    }

    /// All rows in their own order, for an evaluation.
    #[must_use]
    pub fn in_order<'a>(&self, rows: &'a Rows) -> Epoch<'a> {
        self.arranged(rows, (0..rows.len()).collect(), None)
    }

    fn arranged<'a>(&self, rows: &'a Rows, mut order: Vec<usize>, random: Option<&mut dyn RngCore>) -> Epoch<'a> {
        if let Some(length) = self.packing {
            let tokens: Vec<u32> = order.iter().flat_map(|row| rows.row(*row)).copied().collect();
            let blocks: Vec<usize> = (0..tokens.len().div_ceil(length)).collect();
            let batches = blocks.chunks(self.rows).map(<[usize]>::to_vec).collect();
            return Epoch { source: Source::Blocks { tokens, length }, batches };
        }
        for bucket in order.chunks_mut(BUCKET * self.rows) {
            // A stable sort: equal lengths keep the order that was drawn.
            bucket.sort_by_key(|row| rows.row(*row).len());
        }
        let mut batches: Vec<Vec<usize>> = order.chunks(self.rows).map(<[usize]>::to_vec).collect();
        if let Some(mut random) = random {
            batches.shuffle(&mut random);
        }
        Epoch { source: Source::Rows(rows), batches }
    }
}

impl Epoch<'_> {
    /// How many batches there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.batches.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// One batch; rows shorter than its longest are padded, and no padding is learned.
    #[must_use]
    pub fn batch(&self, index: usize) -> Batch {
        let rows: Vec<&[u32]> = self.batches[index].iter().map(|row| self.row(*row)).collect();
        batch_of(&rows)
    }

    fn row(&self, index: usize) -> &[u32] {
        match &self.source {
            Source::Rows(rows) => rows.row(index),
            Source::Blocks { tokens, length } => &tokens[index * length..tokens.len().min((index + 1) * length)],
        }
    }
}

/// Pads rows into a batch.
fn batch_of(rows: &[&[u32]]) -> Batch {
    let columns = rows.iter().map(|row| row.len()).max().unwrap_or(0);
    let (mut ids, mut labels) = (vec![PADDING; rows.len() * columns], vec![UNLEARNED; rows.len() * columns]);
    for (index, row) in rows.iter().enumerate() {
        for (column, token) in row.iter().enumerate() {
            let at = index * columns + column;
            ids[at] = id(*token);
            if is_learned(*token) {
                labels[at] = i64::from(id(*token));
            }
        }
    }
    Batch { rows: rows.len(), columns, ids, labels }
}

/// How many labels of a batch count: a row's first token is predicted by nothing.
#[must_use]
pub fn label_count(batch: &Batch) -> usize {
    let rows = batch.labels.chunks(batch.columns.max(1));
    rows.map(|row| row.iter().skip(1).filter(|label| **label != UNLEARNED).count()).sum()
}

/// Two numbers as one that differs wherever either does.
#[must_use]
pub fn mix(a: u64, b: u64) -> u64 {
    let mut bytes = [0; 8];
    let mut hasher = blake3::Hasher::new();
    hasher.update(&a.to_le_bytes()).update(&b.to_le_bytes()).finalize_xof().fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of 1 to 9 tokens, of which the last is learned; each row's ids are its number.
    fn rows(count: usize) -> Rows {
        let mut rows = Rows::default();
        for row in 0..count {
            let length = 1 + row * 7 % 9;
            rows.push(&vec![row as u32; length], |at| at + 1 == length);
        }
        rows
    }

    fn all(epoch: &Epoch<'_>) -> Vec<Batch> {
        (0..epoch.len()).map(|index| epoch.batch(index)).collect()
    }

    #[test]
    fn every_row_is_read_once_in_each_epoch_in_another_order() {
        let (rows, plan) = (rows(203), Plan { rows: 4, packing: None, seed: 5 });
        let numbers = |epoch| -> Vec<u32> {
            let batches = all(&plan.epoch(&rows, epoch));
            batches.iter().flat_map(|batch| batch.ids.chunks(batch.columns).map(|row| row[0])).collect()
        };
        let (first, second) = (numbers(0), numbers(1));
        assert_eq!(first, numbers(0));
        assert_ne!(first, second);
        let sorted = |mut numbers: Vec<u32>| {
            numbers.sort_unstable();
            numbers
        };
        assert_eq!(sorted(first), (0..203).collect::<Vec<_>>());
        assert_eq!(sorted(second), (0..203).collect::<Vec<_>>());
        assert_eq!(plan.epoch(&rows, 0).len(), plan.batches(&rows));
    }

    #[test]
    fn rows_of_a_batch_are_about_as_long_and_no_padding_is_learned() {
        let (rows, plan) = (rows(400), Plan { rows: 8, packing: None, seed: 5 });
        let batches = all(&plan.epoch(&rows, 0));
        let cells: usize = batches.iter().map(|batch| batch.ids.len()).sum();
        assert!(cells < rows.token_count() * 11 / 10, "{cells} for {}", rows.token_count());
        let learned = batches.iter().flat_map(|batch| &batch.labels).filter(|label| **label >= 0).count();
        assert_eq!(learned, 400);
        // A row of one token has nothing before it.
        let counted: usize = batches.iter().map(label_count).sum();
        assert_eq!(counted, 400 - (0..400).filter(|row| row * 7 % 9 == 0).count());
    }

    #[test]
    fn blocks_hold_every_token_across_rows() {
        let (rows, plan) = (rows(50), Plan { rows: 3, packing: Some(16), seed: 5 });
        let epoch = plan.epoch(&rows, 2);
        let batches = all(&epoch);
        assert_eq!(epoch.len(), plan.batches(&rows));
        assert!(batches[..batches.len() - 1].iter().all(|batch| (batch.rows, batch.columns) == (3, 16)));
        let learned: usize = batches.iter().flat_map(|batch| &batch.labels).filter(|label| **label >= 0).count();
        assert_eq!(learned, 50);
    }
}
