//! Counts whose memory is bounded.

use std::collections::HashMap;

use serde::{Serialize, Serializer};

/// Names that are counted apart; all others are counted together.
const MOST: usize = 100_000;
/// Names that are shown.
const SHOWN: usize = 25;
/// The last class of a histogram holds everything from 2^15 on.
const CLASSES: usize = 16;

/// How often each of many names occurred.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    counts: HashMap<String, u64>,
    /// Of names that came after the first hundred thousand.
    others: u64,
}

impl Tally {
    pub(super) fn count(&mut self, name: &str) {
        if let Some(count) = self.counts.get_mut(name) {
            *count += 1;
        } else if self.counts.len() < MOST {
            self.counts.insert(name.to_owned(), 1);
        } else {
            self.others += 1;
        }
    }

    /// How many names there are, as far as they were counted apart.
    #[must_use]
    pub fn names(&self) -> usize {
        self.counts.len()
    }

    /// The most frequent names, most frequent first.
    #[must_use]
    pub fn top(&self) -> Vec<(&str, u64)> {
        let mut all: Vec<(&str, u64)> = self.counts.iter().map(|(name, count)| (name.as_str(), *count)).collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        all.truncate(SHOWN);
        all
    }

    /// Everything that isn't among the most frequent.
    #[must_use]
    pub fn rest(&self) -> u64 {
        self.counts.values().sum::<u64>() + self.others - self.top().iter().map(|(_, count)| count).sum::<u64>()
    }
}

impl Serialize for Tally {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.top())
    }
}

/// Sizes, in classes that double: 0, 1, 2–3, 4–7, and so on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Histogram {
    classes: [u64; CLASSES],
    /// The largest.
    pub most: usize,
    sum: u64,
}

impl Histogram {
    pub(super) fn count(&mut self, size: usize) {
        let class = (usize::BITS - size.leading_zeros()) as usize;
        self.classes[class.min(CLASSES - 1)] += 1;
        self.most = self.most.max(size);
        self.sum += size as u64;
    }

    /// The mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.sum as f64 / self.classes.iter().sum::<u64>().max(1) as f64
    }

    /// Each class with what it is called, from the first to the last that holds something.
    #[must_use]
    pub fn classes(&self) -> Vec<(String, u64)> {
        let holds = |count: &u64| *count > 0;
        let (Some(first), Some(last)) = (self.classes.iter().position(holds), self.classes.iter().rposition(holds))
        else {
            return Vec::new();
        };
        (first..=last).map(|class| (Self::name(class), self.classes[class])).collect()
    }

    fn name(class: usize) -> String {
        match class {
            0 | 1 => class.to_string(),
            _ if class == CLASSES - 1 => format!("{}+", 1 << (class - 1)),
            _ => format!("{}–{}", 1 << (class - 1), (1 << class) - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_double() {
        let mut histogram = Histogram::default();
        [1, 2, 3, 4, 7, 100_000].into_iter().for_each(|size| histogram.count(size));
        let classes = histogram.classes();
        assert_eq!(classes[..3], [("1".to_owned(), 1), ("2–3".to_owned(), 2), ("4–7".to_owned(), 2)]);
        assert_eq!(classes.last().unwrap(), &("16384+".to_owned(), 1));
        assert_eq!(histogram.most, 100_000);
    }

    #[test]
    fn the_frequent_come_first_and_the_rest_together() {
        let mut tally = Tally::default();
        for name in 0..40 {
            (0..=name % 30).for_each(|_| tally.count(&format!("n{name}")));
        }
        assert_eq!(tally.top()[0], ("n29", 30));
        assert_eq!(tally.names(), 40);
        let all: u64 = (0..40).map(|name| name % 30 + 1).sum();
        assert_eq!(tally.rest() + tally.top().iter().map(|(_, count)| count).sum::<u64>(), all);
    }
}
