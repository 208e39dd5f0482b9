//! Leaves out or alters what a persona shouldn't learn.
//!
//! Steps in their order: what identifies people ([`spans`]), profanity, names, whose lines are learned, limits of length and
//! script, near duplicates. A turn with something that must not stay is taken out and divides its dialogue; one that only
//! isn't worth learning stays as context.

mod duplicates;
mod limits;
mod profanity;
pub mod spans;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use self::duplicates::Seen;
use self::limits::Limits;
use self::profanity::Profanity;
use self::spans::{Action, Actions};
use super::cut::{Fate, cut};
use super::names::Names;
use super::record::{CorpusError, Dialogue, Reader, Turn, Writer};
use crate::files::FileError;
use crate::progress::Progress;

/// What the wanted persona is called where authors are renamed.
pub const RENAMED: &str = "persona";

/// What is done to a corpus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CleanOptions {
    /// Links, with or without `https://`.
    pub urls: Action,
    /// `@names`.
    pub mentions: Action,
    /// Addresses of mail.
    pub emails: Action,
    /// Phone numbers.
    pub phones: Action,
    /// Numbers of bank cards.
    pub cards: Action,
    /// Addresses of crypto wallets.
    pub wallets: Action,
    /// Characters that a learned turn has at least.
    pub min_chars: usize,
    /// Characters that it has at most; 0: any.
    pub max_chars: usize,
    /// The least share of Cyrillic among its letters, 0 to 1.
    pub min_cyrillic: f64,
    /// Likeness, 0 to 1, from which a learned turn counts as one that was there before; none: that isn't looked at.
    pub near_duplicates: Option<f64>,
    /// A list of words, one a line: turns with one of them are taken out.
    pub profanity: Option<PathBuf>,
    /// Authors become `author1`, `author2` and so on, in texts too; the wanted persona's become `persona`.
    pub rename: bool,
    /// Whose turns are learned, by id or name; empty: everybody's.
    pub persona: Vec<String>,
}

impl Default for CleanOptions {
    /// What identifies people is cut out, all else stays.
    fn default() -> Self {
        Self {
            urls: Action::Cut,
            mentions: Action::Cut,
            emails: Action::Cut,
            phones: Action::Cut,
            cards: Action::Cut,
            wallets: Action::Cut,
            min_chars: 0,
            max_chars: 0,
            min_cyrillic: 0.0,
            near_duplicates: None,
            profanity: None,
            rename: false,
            persona: Vec::new(),
        }
    }
}

/// What cleaning did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CleanReport {
    /// Dialogues read.
    pub read: u64,
    /// Dialogues written.
    pub written: u64,
    /// Turns that are learned from what was written.
    pub learned: u64,
    /// Spans that were masked or cut, by kind.
    pub altered: BTreeMap<&'static str, u64>,
    /// Turns that were taken out, or stay as context only, by reason.
    pub left_out: BTreeMap<&'static str, u64>,
}

/// Why a corpus can't be cleaned.
#[derive(Debug, thiserror::Error)]
pub enum CleanError {
    /// It can't be read or written.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// An option is out of its range.
    #[error("`{option}` is {value}, expected a number from 0 to 1")]
    Share {
        /// Which one.
        option: &'static str,
        /// What it is.
        value: f64,
    },
    /// Nobody of this name is in the corpus.
    #[error("nobody in {} is called {author:?}; `maskarad corpus stats` lists who speaks", corpus.display())]
    NoSuchAuthor {
        /// The corpus.
        corpus: PathBuf,
        /// Who was wanted.
        author: String,
    },
}

impl From<FileError> for CleanError {
    fn from(error: FileError) -> Self {
        Self::Corpus(error.into())
    }
}

impl CleanOptions {
    /// # Errors
    /// A share that is none.
    pub fn validate(&self) -> Result<(), CleanError> {
        let shares = [("min_cyrillic", Some(self.min_cyrillic)), ("near_duplicates", self.near_duplicates)];
        match shares.into_iter().find_map(|(option, value)| Some((option, value?)).filter(|it| !is_share(it.1))) {
            Some((option, value)) => Err(CleanError::Share { option, value }),
            None => Ok(()),
        }
    }

    fn actions(&self) -> Actions {
        Actions {
            urls: self.urls,
            mentions: self.mentions,
            emails: self.emails,
            phones: self.phones,
            cards: self.cards,
            wallets: self.wallets,
        }
    }
}

fn is_share(value: f64) -> bool {
    (0.0..=1.0).contains(&value)
}

/// Cleans `input` into `output`; the same file may be both.
///
/// # Errors
/// A corpus that can't be read, an option out of range; the output is as it was then.
pub fn clean(
    input: &Path,
    output: &Path,
    options: &CleanOptions,
    progress: &dyn Progress,
) -> Result<CleanReport, CleanError> {
    options.validate()?;
    let names = Names::of(input, options)?;
    let profanity = options.profanity.as_deref().map(Profanity::read).transpose()?;
    let limits =
        Limits { min_chars: options.min_chars, max_chars: options.max_chars, min_cyrillic: options.min_cyrillic };
    let seen = options.near_duplicates.map(Seen::new);
    let mut cleaner =
        Cleaner { options, actions: options.actions(), names, profanity, limits, seen, report: CleanReport::default() };
    progress.begin("cleaning", None);
    let mut writer = Writer::create(output)?;
    for dialogue in Reader::open(input)? {
        for dialogue in cleaner.clean(dialogue?) {
            writer.write(&dialogue)?;
        }
        progress.at(cleaner.report.read);
    }
    writer.commit()?;
    progress.end();
    Ok(cleaner.report)
}

/// The steps with what they remember.
struct Cleaner<'a> {
    options: &'a CleanOptions,
    actions: Actions,
    names: Names,
    profanity: Option<Profanity>,
    limits: Limits,
    seen: Option<Seen>,
    report: CleanReport,
}

impl Cleaner<'_> {
    fn clean(&mut self, dialogue: Dialogue) -> Vec<Dialogue> {
        self.report.read += 1;
        let fates = dialogue.turns.into_iter().map(|turn| self.fate(turn)).collect();
        let dialogues = cut(&dialogue.source, dialogue.toxicity, fates);
        self.report.written += dialogues.len() as u64;
        let learned = dialogues.iter().flat_map(|dialogue| &dialogue.turns).filter(|turn| !turn.context).count();
        self.report.learned += learned as u64;
        dialogues
    }

    fn fate(&mut self, mut turn: Turn) -> Fate {
        // What is repeated as context was counted where it was said.
        let mut repeated = BTreeMap::new();
        let altered = if turn.context { &mut repeated } else { &mut self.report.altered };
        let Some(text) = self.actions.apply(&turn.text, altered) else {
            return self.gone("identifies somebody");
        };
        turn.text = text;
        if turn.text.is_empty() {
            return self.gone("nothing left");
        }
        if self.profanity.as_ref().is_some_and(|profanity| profanity.is_in(&turn.text)) {
            return self.gone("profanity");
        }
        let is_wanted = self.options.persona.is_empty() || self.options.persona.iter().any(|who| turn.author.is(who));
        self.names.rename(&mut turn);
        if turn.context {
            return Fate::Stays(turn);
        }
        match self.not_worth_learning(&turn, is_wanted) {
            Some(reason) => {
                *self.report.left_out.entry(reason).or_default() += 1;
                Fate::Context(turn)
            }
            None => Fate::Stays(turn),
        }
    }

    fn not_worth_learning(&mut self, turn: &Turn, is_wanted: bool) -> Option<&'static str> {
        if !is_wanted {
            return Some("not the persona's");
        }
        self.limits.complaint(&turn.text).or_else(|| {
            let is_new = self.seen.as_mut().is_none_or(|seen| seen.is_new(&turn.text));
            (!is_new).then_some("near duplicate")
        })
    }

    fn gone(&mut self, reason: &'static str) -> Fate {
        *self.report.left_out.entry(reason).or_default() += 1;
        Fate::Gone
    }
}

#[cfg(test)]
mod tests;
