//! How varied replies are, and whether they are as long as people's. Knows texts only.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::words::words;

/// How varied the words of texts are. Shares are 0 to 1; 0 where there is nothing to count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Diversity {
    /// Different words among all words of all texts (distinct-1).
    pub distinct_1: f64,
    /// Different pairs of neighbouring words among all of them (distinct-2). Falls with the amount of text: compare equal
    /// numbers of texts.
    pub distinct_2: f64,
    /// Pairs of neighbouring words that were there before in the same text, among all pairs.
    pub repetition: f64,
    /// Texts that stand among them more than once, among all.
    pub repeated_texts: f64,
}

/// How long texts are, in words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Lengths {
    /// The mean.
    pub mean: f64,
    /// The median; between two, their mean.
    pub median: f64,
}

/// Counts the words of texts.
#[must_use]
pub fn diversity<T: AsRef<str>>(texts: &[T]) -> Diversity {
    let (mut all, mut pairs, mut whole) = (Tally::default(), Tally::default(), Tally::default());
    let mut again = 0;
    for text in texts {
        let words = words(text.as_ref());
        let mut own = HashSet::new();
        for pair in words.windows(2) {
            again += usize::from(!own.insert(pair));
            pairs.add(pair.join(" "));
        }
        whole.add(words.join(" "));
        words.into_iter().for_each(|word| all.add(word));
    }
    Diversity {
        distinct_1: all.distinct(),
        distinct_2: pairs.distinct(),
        repetition: share(again, pairs.count),
        repeated_texts: if whole.count == 0 { 0.0 } else { 1.0 - whole.distinct() },
    }
}

/// Things, and how many different ones.
#[derive(Default)]
struct Tally {
    different: HashSet<String>,
    count: usize,
}

impl Tally {
    fn add(&mut self, thing: String) {
        self.count += 1;
        self.different.insert(thing);
    }

    fn distinct(&self) -> f64 {
        share(self.different.len(), self.count)
    }
}

/// A part of a whole; 0 of nothing.
pub(super) fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// The number of words of each text.
#[must_use]
pub fn lengths<T: AsRef<str>>(texts: &[T]) -> Vec<usize> {
    texts.iter().map(|text| words(text.as_ref()).len()).collect()
}

impl Lengths {
    /// Mean and median.
    #[must_use]
    pub fn of(lengths: &[usize]) -> Self {
        let mut sorted = lengths.to_vec();
        sorted.sort_unstable();
        let middle = |index: usize| sorted.get(index).copied().unwrap_or(0) as f64;
        let median = f64::midpoint(middle(sorted.len().saturating_sub(1) / 2), middle(sorted.len() / 2));
        Self { mean: share(sorted.iter().sum(), sorted.len()), median }
    }
}

/// The Kolmogorov–Smirnov distance: the most by which the shares of lengths up to some length differ. 0 where both have the
/// same distribution, 1 where they don't overlap, or one is empty.
#[must_use]
pub fn kolmogorov_smirnov(one: &[usize], other: &[usize]) -> f64 {
    if one.is_empty() || other.is_empty() {
        return if one.len() == other.len() { 0.0 } else { 1.0 };
    }
    let up_to = |lengths: &[usize], most: usize| share(lengths.iter().filter(|l| **l <= most).count(), lengths.len());
    let places: HashSet<usize> = one.iter().chain(other).copied().collect();
    places.into_iter().map(|most| (up_to(one, most) - up_to(other, most)).abs()).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_pairs_are_counted_over_all_texts() {
        // Words: a b a b, a c: 3 of 6 differ. Pairs: ab ba ab, ac: 3 of 4 differ; one repeats within its text.
        let found = diversity(&["a b, a b", "A c!"]);
        assert_eq!(found, Diversity { distinct_1: 0.5, distinct_2: 0.75, repetition: 0.25, repeated_texts: 0.0 });
        assert_eq!(diversity(&["да", "Да!", "нет", "да"]).repeated_texts, 0.5);
        assert_eq!(diversity::<&str>(&[]), Diversity::default());
    }

    #[test]
    fn lengths_have_mean_and_median() {
        assert_eq!(lengths(&["раз два", "", "три"]), [2, 0, 1]);
        assert_eq!(Lengths::of(&[1, 2, 3, 10]), Lengths { mean: 4.0, median: 2.5 });
        assert_eq!(Lengths::of(&[5, 1, 3]).median, 3.0);
        assert_eq!(Lengths::of(&[]), Lengths::default());
    }

    #[test]
    fn the_distance_is_that_of_scipy() {
        // scipy.stats.ks_2samp(a, b).statistic
        assert_eq!(kolmogorov_smirnov(&[1, 2, 3, 4], &[3, 4, 5, 6]), 0.5);
        assert_eq!(kolmogorov_smirnov(&[1, 1, 2], &[1, 2, 2, 2, 7]), 2.0 / 3.0 - 0.2);
        assert_eq!(kolmogorov_smirnov(&[1, 2], &[2, 1]), 0.0);
        assert_eq!(kolmogorov_smirnov(&[1], &[2]), 1.0);
        assert_eq!((kolmogorov_smirnov(&[], &[2]), kolmogorov_smirnov(&[], &[])), (1.0, 0.0));
    }
}
