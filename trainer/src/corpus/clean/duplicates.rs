//! Texts that were there before, or nearly so: MinHash (Broder 1997) over runs of five characters, looked up by bands.
//! Remembers a bounded number of texts, the newest.

use std::collections::{HashMap, VecDeque};

/// Numbers of a signature; its bands are of [`ROWS`] each.
const HASHES: usize = 64;
const ROWS: usize = 4;
const BANDS: usize = HASHES / ROWS;
/// Characters of a run.
const RUN: usize = 5;
/// Texts with fewer letters are said by everybody, over and over.
const LEAST: usize = 16;
/// Texts that are remembered: about 100 MB.
const MOST: usize = 200_000;

type Signature = [u32; HASHES];

/// The texts so far.
#[derive(Debug)]
pub(super) struct Seen {
    threshold: f64,
    most: usize,
    /// The number of the oldest that is remembered.
    first: usize,
    signatures: VecDeque<Signature>,
    /// Which texts have these numbers in this band.
    bands: HashMap<(u8, [u32; ROWS]), Vec<usize>>,
}

impl Seen {
    /// `threshold` is the share of equal runs, 0 to 1, from which two texts are the same.
    pub(super) fn new(threshold: f64) -> Self {
        Self { threshold, most: MOST, first: 0, signatures: VecDeque::new(), bands: HashMap::new() }
    }

    /// Whether no text like this was there before; remembers it then. Short ones are new always.
    pub(super) fn is_new(&mut self, text: &str) -> bool {
        let Some(signature) = signature(text) else { return true };
        let likeness = |number: &usize| {
            let other = &self.signatures[number - self.first];
            let same = signature.iter().zip(other).filter(|(a, b)| a == b).count();
            same as f64 / HASHES as f64
        };
        let candidates = keys(&signature).filter_map(|key| self.bands.get(&key)).flatten();
        if candidates.into_iter().any(|number| likeness(number) >= self.threshold) {
            return false;
        }
        self.remember(signature);
        true
    }

    fn remember(&mut self, signature: Signature) {
        let number = self.first + self.signatures.len();
        for key in keys(&signature) {
            self.bands.entry(key).or_default().push(number);
        }
        self.signatures.push_back(signature);
        if self.signatures.len() > self.most
            && let Some(oldest) = self.signatures.pop_front()
        {
            for key in keys(&oldest) {
                let Some(numbers) = self.bands.get_mut(&key) else { continue };
                numbers.retain(|number| *number != self.first);
                if numbers.is_empty() {
                    self.bands.remove(&key);
                }
            }
            self.first += 1;
        }
    }
}

fn keys(signature: &Signature) -> impl Iterator<Item = (u8, [u32; ROWS])> {
    let rows = signature.as_chunks::<ROWS>().0;
    (0..BANDS).map(|band| (band as u8, rows[band]))
}

/// The least hash of a text's runs, by each of the hash functions. `None` for short texts.
fn signature(text: &str) -> Option<Signature> {
    let letters: Vec<char> = text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
    if letters.len() < LEAST {
        return None;
    }
    let mut signature = [u32::MAX; HASHES];
    for run in letters.windows(RUN) {
        let hash = run.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, c| {
            (hash ^ u64::from(*c)).wrapping_mul(0x0000_0100_0000_01b3) // FNV-1a
        });
        for (at, least) in signature.iter_mut().enumerate() {
            let mixed =
                (hash ^ (at as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xd6e8_feb8_6659_fd93);
            *least = (*least).min((mixed >> 32) as u32);
        }
    }
    Some(signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Автобус номер пять опять опаздывает на двадцать минут, и никто не знает почему";

    #[test]
    fn the_same_in_other_clothes_is_not_new() {
        let mut seen = Seen::new(0.8);
        assert!(seen.is_new(TEXT));
        for again in [TEXT.to_owned(), TEXT.to_uppercase(), format!("{TEXT}!!!"), TEXT.replace(", ", " ... ")] {
            assert!(!seen.is_new(&again), "{again}");
        }
        assert!(seen.is_new("Автобус номер семь приехал вовремя, и это всех удивило гораздо больше"));
    }

    #[test]
    fn short_texts_are_new_always() {
        let mut seen = Seen::new(0.5);
        assert!(seen.is_new("да ладно") && seen.is_new("да ладно"));
    }

    #[test]
    fn memory_is_bounded() {
        let mut seen = Seen { most: 10, ..Seen::new(0.9) };
        for number in 0..100_u64 {
            let digits = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            assert!(seen.is_new(&format!("{digits:x} строка {digits:b}")), "{number}");
        }
        assert_eq!(seen.signatures.len(), 10);
        assert!(seen.bands.len() <= 10 * BANDS);
        assert!(seen.is_new(TEXT) && !seen.is_new(TEXT));
    }
}
