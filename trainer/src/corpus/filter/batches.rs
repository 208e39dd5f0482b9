//! Texts of like length go through the classifier together. The batches of an input are always the same, so that a run
//! that goes on with another's scores computes what that one would have. Knows ids and positions, no texts.

/// Texts that are looked at together; what is held in memory at once.
pub(super) const WINDOW: usize = 2048;

/// The most texts of a batch.
const MOST_ROWS: usize = 32;

/// The most ids of a batch, padding counted.
const MOST_IDS: usize = 4096;

/// Names this way to make batches; a journal of another one doesn't fit.
pub(super) const LAYOUT: &str = "batches 1";

/// Texts for the classifier.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Batch {
    /// Where in the window each text stands.
    pub(super) positions: Vec<usize>,
    /// Their ids, never longer than the last one's.
    pub(super) rows: Vec<Vec<u32>>,
}

/// The batches of a window, shortest texts first.
pub(super) fn of(window: Vec<Vec<u32>>) -> Vec<Batch> {
    let mut texts: Vec<(usize, Vec<u32>)> = window.into_iter().enumerate().collect();
    texts.sort_by_key(|(_, ids)| ids.len());
    let mut batches: Vec<Batch> = Vec::new();
    for (position, ids) in texts {
        match batches.last_mut().filter(|batch| batch.takes(ids.len())) {
            Some(batch) => batch.push(position, ids),
            None => {
                let mut batch = Batch::default();
                batch.push(position, ids);
                batches.push(batch);
            }
        }
    }
    batches
}

impl Batch {
    fn takes(&self, length: usize) -> bool {
        self.rows.len() < MOST_ROWS && (self.rows.len() + 1) * length <= MOST_IDS
    }

    fn push(&mut self, position: usize, ids: Vec<u32>) {
        self.positions.push(position);
        self.rows.push(ids);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_lengths_go_together_and_nothing_is_lost() {
        let lengths = (0..500).map(|number| number * 37 % 512 + 2);
        let batches = of(lengths.map(|length| vec![1; length]).collect());
        let mut positions: Vec<usize> = batches.iter().flat_map(|batch| batch.positions.clone()).collect();
        positions.sort_unstable();
        assert_eq!(positions, (0..500).collect::<Vec<_>>());
        for batch in &batches {
            let longest = batch.rows.last().unwrap().len();
            assert!(batch.rows.len() <= MOST_ROWS && batch.rows.len() * longest <= MOST_IDS);
            assert!(batch.rows.is_sorted_by_key(Vec::len));
        }
        let padded: usize = batches.iter().map(|batch| batch.rows.len() * batch.rows.last().unwrap().len()).sum();
        let real: usize = batches.iter().flat_map(|batch| &batch.rows).map(Vec::len).sum();
        assert!(padded as f64 <= 1.1 * real as f64, "{padded} for {real}");
    }

    #[test]
    fn a_text_longer_than_a_batch_has_one_of_its_own() {
        let batches = of(vec![vec![1; MOST_IDS + 1], vec![1; 3], vec![1; MOST_IDS + 1]]);
        assert_eq!(batches.iter().map(|batch| batch.rows.len()).collect::<Vec<_>>(), [1, 1, 1]);
    }
}
