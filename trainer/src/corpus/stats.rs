//! What a corpus holds, in figures and pictures. Looks at each dialogue once and remembers counts, not texts, but for a few
//! samples.

mod counts;
mod page;

use std::path::Path;

use maskarad_engine::{Tokenizer, TokenizerError};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde::Serialize;
use time::OffsetDateTime;

pub use self::counts::{Histogram, Tally};
pub use self::page::page;
use super::record::{CorpusError, Dialogue, Reader, Turn};
use crate::progress::Progress;

/// Samples that are shown.
const SAMPLES: usize = 20;

/// What a corpus holds. A message counts once, where it is learned; what is only context doesn't.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Stats {
    /// Dialogues.
    pub dialogues: u64,
    /// Turns, those that are only context included.
    pub turns: u64,
    /// Turns that are learned.
    pub learned: u64,
    /// Their characters.
    pub characters: u64,
    /// Their tokens, under the tokenizer that was given.
    pub tokens: Option<u64>,
    /// Who wrote them.
    pub authors: Tally,
    /// Where they come from.
    pub sources: Tally,
    /// Their lengths in characters.
    pub lengths: Histogram,
    /// Their lengths in tokens.
    pub token_lengths: Option<Histogram>,
    /// Turns of dialogues.
    pub depths: Histogram,
    /// Hours of the day at which they were written, by the writers' clocks; 24 of them, where there are times.
    pub hours: Vec<u64>,
    /// Days of the week, Monday first.
    pub weekdays: Vec<u64>,
    /// The first and the last time.
    #[serde(with = "time::serde::rfc3339::option")]
    pub first: Option<OffsetDateTime>,
    /// The last.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last: Option<OffsetDateTime>,
    /// Dialogues by toxicity, in twentieths, where they have been scored.
    pub toxicity: Vec<u64>,
    /// Some dialogues.
    #[serde(skip)]
    pub samples: Vec<Dialogue>,
}

/// Why a corpus can't be looked at.
#[derive(Debug, thiserror::Error)]
pub enum StatsError {
    /// It can't be read.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// A text can't be encoded.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
}

/// Looks at a corpus. Which samples are chosen follows from `seed`.
///
/// # Errors
/// It can't be read, or a text can't be encoded.
pub fn stats(
    corpus: &Path,
    tokenizer: Option<&Tokenizer>,
    seed: u64,
    progress: &dyn Progress,
) -> Result<Stats, StatsError> {
    let mut stats = Stats::default();
    let mut random = StdRng::seed_from_u64(seed);
    progress.begin("reading", None);
    for dialogue in Reader::open(corpus)? {
        let dialogue = dialogue?;
        stats.count(&dialogue, tokenizer)?;
        stats.sample(dialogue, &mut random);
        progress.at(stats.dialogues);
    }
    progress.end();
    Ok(stats)
}

impl Stats {
    fn count(&mut self, dialogue: &Dialogue, tokenizer: Option<&Tokenizer>) -> Result<(), TokenizerError> {
        self.dialogues += 1;
        self.turns += dialogue.turns.len() as u64;
        self.depths.count(dialogue.turns.len());
        if let Some(toxicity) = dialogue.toxicity {
            self.toxicity.resize(20, 0);
            self.toxicity[((toxicity.clamp(0.0, 1.0) * 20.0) as usize).min(19)] += 1;
        }
        for turn in dialogue.turns.iter().filter(|turn| !turn.context) {
            self.count_turn(turn, &dialogue.source, tokenizer)?;
        }
        Ok(())
    }

    fn count_turn(&mut self, turn: &Turn, source: &str, tokenizer: Option<&Tokenizer>) -> Result<(), TokenizerError> {
        self.learned += 1;
        let characters = turn.text.chars().count();
        self.characters += characters as u64;
        self.lengths.count(characters);
        self.authors.count(turn.author.name.as_deref().unwrap_or(&turn.author.id));
        self.sources.count(source);
        if let Some(tokenizer) = tokenizer {
            let tokens = tokenizer.token_count(&turn.text)?;
            *self.tokens.get_or_insert_default() += tokens as u64;
            self.token_lengths.get_or_insert_default().count(tokens);
        }
        if let Some(time) = turn.time {
            self.hours.resize(24, 0);
            self.weekdays.resize(7, 0);
            self.hours[usize::from(time.hour())] += 1;
            self.weekdays[usize::from(time.weekday().number_days_from_monday())] += 1;
            self.first = Some(self.first.map_or(time, |first| first.min(time)));
            self.last = Some(self.last.map_or(time, |last| last.max(time)));
        }
        Ok(())
    }

    /// Reservoir sampling (Vitter's algorithm R): each dialogue is as likely to be shown as any other.
    fn sample(&mut self, dialogue: Dialogue, random: &mut StdRng) {
        if self.samples.len() < SAMPLES {
            self.samples.push(dialogue);
            return;
        }
        let at = random.random_range(0..self.dialogues);
        if let Some(place) = usize::try_from(at).ok().and_then(|at| self.samples.get_mut(at)) {
            *place = dialogue;
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::corpus::record::{Author, Writer};
    use crate::progress::Silent;

    fn stats_of(dialogues: &[Dialogue]) -> Stats {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.jsonl");
        let mut writer = Writer::create(&path).unwrap();
        dialogues.iter().for_each(|dialogue| writer.write(dialogue).unwrap());
        writer.commit().unwrap();
        stats(&path, None, 1, &Silent).unwrap()
    }

    fn dialogue(who: &str, text: &str, time: Option<OffsetDateTime>) -> Dialogue {
        let author = Author { id: who.to_owned(), name: None };
        let context = Turn { author: author.clone(), time: None, text: "раньше".to_owned(), context: true };
        let turn = Turn { author, time, text: text.to_owned(), context: false };
        Dialogue { source: "telegram:1".to_owned(), turns: vec![context, turn], toxicity: Some(0.99) }
    }

    #[test]
    fn figures_are_those_of_what_is_learned() {
        let stats = stats_of(&[
            dialogue("a", "привет", Some(datetime!(2024-01-01 23:30 +3))),
            dialogue("b", "да", Some(datetime!(2024-01-07 00:10 +3))),
            dialogue("a", "нет", None),
        ]);
        assert_eq!((stats.dialogues, stats.turns, stats.learned, stats.characters), (3, 6, 3, 11));
        assert_eq!(stats.authors.top(), [("a", 2), ("b", 1)]);
        assert_eq!((stats.hours[23], stats.hours[0], stats.weekdays[0], stats.weekdays[6]), (1, 1, 1, 1));
        assert_eq!(stats.toxicity[19], 3);
        assert_eq!(stats.first, Some(datetime!(2024-01-01 23:30 +3)));
        assert_eq!(stats.samples.len(), 3);
    }

    #[test]
    fn the_page_needs_nothing_else_and_escapes_everything() {
        let stats = stats_of(&[dialogue("<b>", "<script>", Some(datetime!(2024-01-01 23:30 +3)))]);
        let page = page("c.jsonl", &stats);
        assert!(page.contains("&lt;script&gt;") && page.contains("<svg"));
        for outside in ["<script", "http", "src=", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
    }

    #[test]
    fn an_empty_corpus_has_no_figures() {
        let stats = stats_of(&[]);
        assert_eq!((stats.dialogues, stats.hours.len()), (0, 0));
        assert!(page("c", &stats).contains("0 dialogues"));
    }
}
