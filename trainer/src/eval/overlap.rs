//! How much of the replies is copied word for word from the training corpus.
//!
//! The replies are indexed, by their runs of [`SEED`] words, and the corpus goes past them once: memory is a matter of the
//! replies, however large the corpus. A match is compared word by word, so hashes decide nothing.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::diversity::share;
use super::words::words;

/// The shortest run of words that counts as copied.
pub const SEED: usize = 3;

/// A whole reply of fewer words is a copy by nature: people say «да» too.
pub const LONG: usize = 4;

/// How many of the longest copied runs are told.
const TOLD: usize = 10;

/// What was copied. Shares are 0 to 1, of all replies.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Overlap {
    /// Replies that stand in the corpus as a whole turn, word for word.
    pub copies: f64,
    /// Those of them that have [`LONG`] words or more.
    pub long_copies: f64,
    /// The longest copied run of a reply, in words, on average; runs shorter than [`SEED`] are none.
    pub mean_span: f64,
    /// The longest copied runs of all, longest first.
    pub longest: Vec<Span>,
}

/// A run of words that a reply has from the corpus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// How many words.
    pub words: usize,
    /// Which reply, from 0.
    pub reply: usize,
    /// The words.
    pub text: String,
}

/// Replies, against which a corpus can be held.
#[derive(Debug)]
pub struct Index {
    replies: Vec<Reply>,
    /// Numbers of the words that replies have.
    vocabulary: HashMap<String, u32>,
    /// Where a run of words stands: reply and word.
    seeds: HashMap<[u32; SEED], Vec<(usize, usize)>>,
    /// Which replies are these words.
    whole: HashMap<Vec<u32>, Vec<usize>>,
}

#[derive(Debug, Default)]
struct Reply {
    words: Vec<u32>,
    is_copy: bool,
    /// Where the longest copied run begins and ends.
    span: (usize, usize),
}

impl Index {
    /// Indexes replies.
    #[must_use]
    pub fn new<T: AsRef<str>>(replies: &[T]) -> Self {
        let mut index =
            Self { replies: Vec::new(), vocabulary: HashMap::new(), seeds: HashMap::new(), whole: HashMap::new() };
        for (number, reply) in replies.iter().enumerate() {
            let words: Vec<u32> = words(reply.as_ref()).into_iter().map(|word| index.number_of(word)).collect();
            for (place, seed) in words.array_windows::<SEED>().enumerate() {
                index.seeds.entry(*seed).or_default().push((number, place));
            }
            index.whole.entry(words.clone()).or_default().push(number);
            index.replies.push(Reply { words, ..Reply::default() });
        }
        index
    }

    fn number_of(&mut self, word: String) -> u32 {
        let next = u32::try_from(self.vocabulary.len()).expect("replies have fewer words than there are numbers");
        *self.vocabulary.entry(word).or_insert(next)
    }

    /// Lets a turn of the corpus go past.
    pub fn see(&mut self, turn: &str) {
        // A word that no reply has ends every run.
        let known = words(turn).into_iter().map(|word| self.vocabulary.get(&word).copied().unwrap_or(u32::MAX));
        let turn: Vec<u32> = known.collect();
        for number in self.whole.get(&turn).into_iter().flatten() {
            self.replies[*number].is_copy = !turn.is_empty();
        }
        for (at, seed) in turn.array_windows::<SEED>().enumerate() {
            for (number, place) in self.seeds.get(seed).into_iter().flatten() {
                self.replies[*number].meet(*place, &turn, at);
            }
        }
    }

    /// What the corpus that went past had in common with the replies.
    #[must_use]
    pub fn overlap(&self) -> Overlap {
        let count = |is_copy: fn(&Reply) -> bool| self.replies.iter().filter(|reply| is_copy(reply)).count();
        let total = self.replies.len();
        let mut longest: Vec<Span> = (0..total).filter_map(|number| self.span(number)).collect();
        longest.sort_by_key(|span| (std::cmp::Reverse(span.words), span.reply));
        let spans = longest.iter().map(|span| span.words).sum();
        longest.truncate(TOLD);
        Overlap {
            copies: share(count(|reply| reply.is_copy), total),
            long_copies: share(count(|reply| reply.is_copy && reply.words.len() >= LONG), total),
            mean_span: share(spans, total),
            longest,
        }
    }

    fn span(&self, number: usize) -> Option<Span> {
        let (from, until) = self.replies[number].span;
        let text = || {
            let names: HashMap<u32, &str> = self.vocabulary.iter().map(|(word, id)| (*id, word.as_str())).collect();
            let words = self.replies[number].words[from..until].iter();
            words.map(|id| names[id]).collect::<Vec<_>>().join(" ")
        };
        (until > from).then(|| Span { words: until - from, reply: number, text: text() })
    }
}

impl Reply {
    /// A run that begins at a word of the reply and at one of the turn.
    fn meet(&mut self, place: usize, turn: &[u32], at: usize) {
        let goes_on_from_before = place > 0 && at > 0 && self.words[place - 1] == turn[at - 1];
        if goes_on_from_before {
            return;
        }
        let length = self.words[place..].iter().zip(&turn[at..]).take_while(|(own, other)| own == other).count();
        if length > self.span.1 - self.span.0 {
            self.span = (place, place + length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlap(replies: &[&str], corpus: &[&str]) -> Overlap {
        let mut index = Index::new(replies);
        corpus.iter().for_each(|turn| index.see(turn));
        index.overlap()
    }

    #[test]
    fn copies_and_the_longest_runs_are_found() {
        let replies = ["Да.", "один два три четыре пять", "ноль один два три семь", "совсем другое дело", ""];
        let corpus = ["да", "Один, два, три, четыре, пять!", "вот один два три четыре", "другое дело", "?"];
        let found = overlap(&replies, &corpus);
        assert_eq!((found.copies, found.long_copies), (0.4, 0.2));
        let span = |words, reply, text: &str| Span { words, reply, text: text.to_owned() };
        assert_eq!(found.longest, [span(5, 1, "один два три четыре пять"), span(3, 2, "один два три")]);
        assert_eq!(found.mean_span, 8.0 / 5.0);
    }

    #[test]
    fn unknown_words_match_nothing() {
        let found = overlap(&["а б в"], &["икс игрек зет", "а б икс в"]);
        assert_eq!((found.copies, found.mean_span), (0.0, 0.0));
    }

    #[test]
    fn runs_equal_those_of_a_search_for_everything() {
        let text = |seed: usize, length: usize| {
            (0..length).map(|n| ["а", "б"][(n * n * seed + n / 3 + seed) % 7 % 2]).collect::<Vec<_>>().join(" ")
        };
        let replies: Vec<String> = (1..12).map(|seed| text(seed, 9)).collect();
        let corpus: Vec<String> = (20..40).map(|seed| text(seed, 14)).collect();
        let mut index = Index::new(&replies);
        corpus.iter().for_each(|turn| index.see(turn));
        for (number, reply) in replies.iter().enumerate() {
            let own = words(reply);
            let is_in = |run: &[String]| corpus.iter().any(|turn| words(turn).windows(run.len()).any(|w| w == run));
            let runs = (SEED..=own.len()).filter(|length| own.windows(*length).any(is_in));
            assert_eq!(index.span(number).map_or(0, |span| span.words), runs.max().unwrap_or(0), "{reply}");
        }
    }
}
