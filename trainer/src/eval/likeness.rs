//! Whose line is it? A logistic regression that was trained on people's lines only tells a persona's from others'.
//!
//! A line's features are which runs of 2 to 4 characters it has, in lower case and with its ends marked, hashed into
//! `BUCKETS` and brought to length 1; so one word of a long line weighs less than one of a short line. Both sides weigh the
//! same, however many lines each has. One line in five, chosen by a hash of its text, is held out: how many of these the
//! classifier gets right says how far its verdict on generated lines can be trusted. Everything is fixed by the seed.

use std::collections::BTreeSet;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::diversity::share;

/// How many weights there are.
const BUCKETS: usize = 1 << 18;

/// Characters in a row.
const RUNS: std::ops::RangeInclusive<usize> = 2..=4;

/// How often all lines are gone through.
const EPOCHS: usize = 8;

const LEARNING_RATE: f32 = 0.5;

/// Pulls weights towards 0, so that rare runs don't decide.
const DECAY: f32 = 1e-6;

/// The most lines of a side that are learned from.
const MOST_LINES: usize = 50_000;

/// The fewest lines of a side that mean anything.
pub const FEWEST_LINES: usize = 20;

/// There are too few lines to learn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{side} has {found} different lines; telling lines apart takes {FEWEST_LINES} at least")]
pub struct TooFewLines {
    /// Whose.
    pub side: &'static str,
    /// How many.
    pub found: usize,
}

/// Tells lines of one speaker from those of others.
pub struct Classifier {
    weights: Vec<f32>,
    bias: f32,
}

/// How well lines that people wrote are told apart: the held-out ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Skill {
    /// Share of the speaker's lines that it gives to the speaker.
    pub own: f64,
    /// Share of the others' lines that it gives to them.
    pub others: f64,
    /// The mean of both: 0.5 is guessing.
    pub accuracy: f64,
    /// Lines held out.
    pub lines: usize,
}

/// How well generated lines of two personas are told apart by a classifier of people's lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Apart {
    /// On people's lines.
    pub humans: Skill,
    /// Share of the first persona's replies that are given to the first.
    pub first: f64,
    /// Share of the second persona's replies that are given to the second.
    pub second: f64,
    /// Share of all replies that are given to whose they are.
    pub accuracy: f64,
}

/// Learns from lines of a speaker and of others, and reports how it does on those held out.
///
/// # Errors
/// A side has too few lines.
pub fn train<T: AsRef<str>>(own: &[T], others: &[T], seed: u64) -> Result<(Classifier, Skill), TooFewLines> {
    let (own, own_held) = split("the persona", own)?;
    let (others, others_held) = split("the other side", others)?;
    let classifier = Classifier::learn(&own, &others, seed);
    let right_own = own_held.iter().filter(|line| classifier.is_own(line)).count();
    let right_others = others_held.iter().filter(|line| !classifier.is_own(line)).count();
    let (own, others) = (share(right_own, own_held.len()), share(right_others, others_held.len()));
    let lines = own_held.len() + others_held.len();
    Ok((classifier, Skill { own, others, accuracy: f64::midpoint(own, others), lines }))
}

/// Whether replies of two personas can be told apart by what people wrote.
///
/// # Errors
/// One of them has too few lines by people.
pub fn tell_apart<T: AsRef<str>>(human: [&[T]; 2], replies: [&[T]; 2], seed: u64) -> Result<Apart, TooFewLines> {
    let (classifier, humans) = train(human[0], human[1], seed)?;
    let right = |lines: &[T], own: bool| lines.iter().filter(|line| classifier.is_own(line.as_ref()) == own).count();
    let (first, second) = (right(replies[0], true), right(replies[1], false));
    Ok(Apart {
        humans,
        first: share(first, replies[0].len()),
        second: share(second, replies[1].len()),
        accuracy: share(first + second, replies[0].len() + replies[1].len()),
    })
}

/// Lines to learn from and lines to check by, each once, in an order of their own.
fn split<T: AsRef<str>>(side: &'static str, lines: &[T]) -> Result<(Vec<String>, Vec<String>), TooFewLines> {
    let cleaned = lines.iter().map(|line| line.as_ref().trim().to_lowercase()).filter(|line| !line.is_empty());
    let different: BTreeSet<String> = cleaned.collect();
    if different.len() < FEWEST_LINES {
        return Err(TooFewLines { side, found: different.len() });
    }
    let mut hashed: Vec<(u64, String)> = different.into_iter().map(|line| (hash(line.as_bytes()), line)).collect();
    hashed.sort();
    hashed.truncate(MOST_LINES);
    let learned = hashed.len() - hashed.len() / 5;
    let mut lines: Vec<String> = hashed.into_iter().map(|(_, line)| line).collect();
    let held = lines.split_off(learned);
    Ok((lines, held))
}

impl Classifier {
    fn learn(own: &[String], others: &[String], seed: u64) -> Self {
        let total = (own.len() + others.len()) as f32;
        let side = |lines: &[String], label: f32| {
            let weight = total / (2.0 * lines.len() as f32);
            lines.iter().map(move |line| (features(line), label, weight)).collect::<Vec<_>>()
        };
        let mut examples = side(own, 1.0);
        examples.extend(side(others, 0.0));
        let mut classifier = Self { weights: vec![0.0; BUCKETS], bias: 0.0 };
        // AdaGrad: each weight slows down by how much it has moved.
        let mut moved = vec![1e-6_f32; BUCKETS + 1];
        let mut random = StdRng::seed_from_u64(seed);
        for _ in 0..EPOCHS {
            examples.shuffle(&mut random);
            for (features, label, weight) in &examples {
                let error = (classifier.probability_of(features) - label) * weight;
                classifier.step(features, error, &mut moved);
            }
        }
        classifier
    }

    fn step(&mut self, features: &Features, error: f32, moved: &mut [f32]) {
        for index in &features.buckets {
            let weight = &mut self.weights[*index as usize];
            let gradient = error * features.value + DECAY * *weight;
            let moved = &mut moved[*index as usize];
            *moved += gradient * gradient;
            *weight -= LEARNING_RATE * gradient / moved.sqrt();
        }
        moved[BUCKETS] += error * error;
        self.bias -= LEARNING_RATE * error / moved[BUCKETS].sqrt();
    }

    fn probability_of(&self, features: &Features) -> f32 {
        let sum: f32 = features.buckets.iter().map(|index| self.weights[*index as usize]).sum();
        1.0 / (1.0 + (-(self.bias + features.value * sum)).exp())
    }

    /// The probability that a line is the speaker's.
    #[must_use]
    pub fn probability(&self, line: &str) -> f32 {
        self.probability_of(&features(&line.trim().to_lowercase()))
    }

    /// Whether a line is rather the speaker's.
    #[must_use]
    pub fn is_own(&self, line: &str) -> bool {
        self.probability(line) > 0.5
    }
}

impl std::fmt::Debug for Classifier {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Classifier").finish_non_exhaustive()
    }
}

/// Which runs of characters a line has; each counts the same.
struct Features {
    buckets: Vec<u32>,
    value: f32,
}

fn features(line: &str) -> Features {
    let marked: Vec<char> = std::iter::once('\u{2}').chain(line.chars()).chain(std::iter::once('\u{3}')).collect();
    let mut buckets = Vec::new();
    let mut bytes = String::new();
    for length in RUNS {
        for run in marked.windows(length) {
            bytes.clear();
            bytes.extend(run);
            buckets.push((hash(bytes.as_bytes()) % BUCKETS as u64) as u32);
        }
    }
    buckets.sort_unstable();
    buckets.dedup();
    let value = 1.0 / (buckets.len().max(1) as f32).sqrt();
    Features { buckets, value }
}

/// FNV-1a with a final mix: the same on every machine, and its low bits are as good as its high ones.
fn hash(bytes: &[u8]) -> u64 {
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(words: &[&str], count: usize) -> Vec<String> {
        let pick = |number: usize| {
            let random = hash(&number.to_le_bytes()) as usize;
            (0..3 + random % 4).map(|place| words[(random >> (4 * place)) % words.len()]).collect::<Vec<_>>().join(" ")
        };
        (0..count).map(pick).collect()
    }

    const PIRATE: [&str; 6] = ["йо-хо-хо", "рому", "корабль", "сундук", "капитан", "да"];
    const POET: [&str; 6] = ["печаль", "осень", "берёза", "душа", "тихо", "да"];

    #[test]
    fn speakers_with_words_of_their_own_are_told_apart() {
        let (pirate, poet) = (lines(&PIRATE, 400), lines(&POET, 300));
        let (classifier, skill) = train(&pirate, &poet, 1).unwrap();
        assert!(skill.accuracy > 0.97 && skill.lines > 60, "{skill:?}");
        assert!(classifier.is_own("Рому, капитан!") && !classifier.is_own("тихая душа"));
        let apart = tell_apart([&pirate, &poet], [&pirate[..50], &poet[..150]], 1).unwrap();
        assert!(apart.first > 0.95 && apart.second > 0.95 && apart.accuracy > 0.95);
    }

    #[test]
    fn speakers_alike_cannot_be_told_apart() {
        let all = lines(&PIRATE, 3000);
        let (_, skill) = train(&all[..1500], &all[1500..], 1).unwrap();
        assert!((0.35..0.65).contains(&skill.accuracy), "{skill:?}");
    }

    #[test]
    fn a_side_with_few_lines_gets_no_less_weight() {
        let (_, skill) = train(&lines(&PIRATE, 60), &lines(&POET, 3000), 1).unwrap();
        assert!(skill.own > 0.9 && skill.others > 0.9, "{skill:?}");
    }

    #[test]
    fn the_seed_decides_and_order_does_not() {
        let (pirate, poet) = (lines(&PIRATE, 100), lines(&POET, 100));
        let mut reversed = pirate.clone();
        reversed.reverse();
        let probability = |own: &[String], seed| train(own, &poet, seed).unwrap().0.probability("да, рому").to_bits();
        assert_eq!(probability(&pirate, 1), probability(&reversed, 1));
        assert_ne!(probability(&pirate, 1), probability(&pirate, 2));
    }

    #[test]
    fn too_few_lines_are_refused() {
        let error = train(&vec!["да".to_owned(); 100], &lines(&POET, 100), 1).unwrap_err();
        assert_eq!(error, TooFewLines { side: "the persona", found: 1 });
    }
}
