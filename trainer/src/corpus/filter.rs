//! A toxicity classifier that keeps the most or the least toxic part of a corpus.
//!
//! Owns the order of work: score every dialogue's last turn, keep the scores in a journal as they come, cut, write. A run
//! that was killed goes on where its journal ends. What a score is, is the classifier's matter ([`classifier`]).

mod batches;
pub mod classifier;
mod config;
mod journal;
pub mod keep;
mod tokenizer;

use std::fs::File;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use self::batches::{Batch, WINDOW};
use self::classifier::{Classifier, ClassifierError};
pub use self::config::Label;
use self::journal::{Journal, JournalError};
pub use self::keep::Keep;
use super::record::{CorpusError, Reader, Writer};
use crate::files::FileError;
use crate::progress::Progress;

/// What is filtered by, and how much stays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The folder of a Hugging Face `BertForSequenceClassification`.
    pub model: PathBuf,
    /// The label whose probability is the score.
    #[serde(default)]
    pub label: Label,
    /// Which dialogues stay.
    pub keep: Keep,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// Dialogues read.
    pub read: u64,
    /// Dialogues written.
    pub kept: u64,
    /// Scores that an earlier run had found already.
    pub resumed: u64,
    /// The score that divides what stays from what doesn't; none where all stay.
    pub cut: Option<f64>,
}

/// Why a corpus can't be filtered.
#[derive(Debug, thiserror::Error)]
pub enum FilterError {
    /// The corpus can't be read or written.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// The classifier can't be used.
    #[error(transparent)]
    Classifier(#[from] ClassifierError),
    /// The journal can't be used.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// How much to keep makes no sense.
    #[error(transparent)]
    Keep(#[from] keep::InvalidKeep),
    /// Somebody wrote to the input meanwhile.
    #[error("{}: was changed while it was being filtered; run it again", .0.display())]
    Changed(PathBuf),
    /// The system grants no threads.
    #[error("threads for the classifier can't be started: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

impl From<FileError> for FilterError {
    fn from(error: FileError) -> Self {
        Self::Corpus(error.into())
    }
}

/// Scores each dialogue of `input` and writes those that stay, with their scores, to `output`.
///
/// The scores lie in `OUTPUT.scores` until the output stands. A run that finds them there goes on with them, if input,
/// classifier and label are the same; otherwise it starts anew. The output is the same either way.
///
/// # Errors
/// The input, the classifier or the journal can't be used; the output is as it was then.
pub fn filter(
    input: &Path,
    output: &Path,
    options: &Options,
    threads: NonZeroUsize,
    progress: &dyn Progress,
) -> Result<Summary, FilterError> {
    options.keep.check()?;
    let classifier = Classifier::load(&options.model, &options.label)?;
    let content = hash_file(input)?;
    let total = count(input)?;
    let (mut journal, known) = Journal::open(output, journal_key(content, &classifier))?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.get()).build()?;
    let scoring = Scoring { classifier: &classifier, pool: &pool, known: &known };
    progress.begin("scoring", Some(total));
    let scores = scoring.run(input, &mut journal, progress)?;
    progress.end();
    let resumed = known.iter().map(|scores| scores.len() as u64).sum();
    let summary = write(input, output, &scores, options.keep, content)?;
    journal.remove()?;
    Ok(Summary { resumed, ..summary })
}

/// What scores depend on.
fn journal_key(content: blake3::Hash, classifier: &Classifier) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(content.as_bytes()).update(classifier.identity().as_bytes());
    hasher.update(&(classifier.label() as u64).to_le_bytes()).update(batches::LAYOUT.as_bytes());
    hasher.finalize()
}

fn hash_file(path: &Path) -> Result<blake3::Hash, FileError> {
    let mut hasher = blake3::Hasher::new();
    let file = File::open(path).map_err(FileError::at(path))?;
    hasher.update_reader(file).map_err(FileError::at(path))?;
    Ok(hasher.finalize())
}

/// Counts the dialogues, and so checks every line before hours of work begin.
fn count(input: &Path) -> Result<u64, CorpusError> {
    let mut total = 0;
    for dialogue in Reader::open(input)? {
        dialogue?;
        total += 1;
    }
    Ok(total)
}

/// All that scoring needs.
struct Scoring<'a> {
    classifier: &'a Classifier,
    pool: &'a rayon::ThreadPool,
    /// The scores of the first batches, by an earlier run.
    known: &'a [Vec<f32>],
}

impl Scoring<'_> {
    /// The score of each dialogue, in the order of the input.
    fn run(&self, input: &Path, journal: &mut Journal, progress: &dyn Progress) -> Result<Vec<f32>, FilterError> {
        let mut reader = Reader::open(input)?;
        let mut scores = Vec::new();
        let mut batch_number = 0;
        loop {
            let texts: Vec<String> =
                reader.by_ref().take(WINDOW).map(|d| d.map(last_text)).collect::<Result<_, _>>()?;
            if texts.is_empty() {
                return Ok(scores);
            }
            let first = scores.len();
            scores.resize(first + texts.len(), 0.0);
            let batches = batches::of(self.pool.install(|| self.classifier.encode_all(&texts))?);
            let mut done = first as u64;
            for batch in batches {
                let found = self.score(batch_number, &batch, journal)?;
                batch.positions.iter().zip(&found).for_each(|(position, score)| scores[first + position] = *score);
                batch_number += 1;
                done += found.len() as u64;
                progress.at(done);
            }
        }
    }

    /// The scores of a batch: those that are known, or new ones, which are known to the next run.
    fn score(&self, number: usize, batch: &Batch, journal: &mut Journal) -> Result<Vec<f32>, FilterError> {
        match self.known.get(number) {
            Some(known) if known.len() == batch.positions.len() => Ok(known.clone()),
            Some(_) => Err(journal.misfit().into()),
            None => {
                let scores = self.pool.install(|| self.classifier.score(&batch.rows))?;
                journal.append(&scores)?;
                Ok(scores)
            }
        }
    }
}

fn last_text(mut dialogue: super::record::Dialogue) -> String {
    dialogue.turns.pop().map(|turn| turn.text).unwrap_or_default()
}

/// Writes what stays.
fn write(
    input: &Path,
    output: &Path,
    scores: &[f32],
    keep: Keep,
    content: blake3::Hash,
) -> Result<Summary, FilterError> {
    let rule = keep.rule(scores);
    let mut writer = Writer::create(output)?;
    let (mut read, mut kept) = (0, 0);
    for (dialogue, score) in Reader::open(input)?.zip(scores) {
        let mut dialogue = dialogue?;
        read += 1;
        if rule.keeps(*score) {
            dialogue.toxicity = Some(*score);
            writer.write(&dialogue)?;
            kept += 1;
        }
    }
    if hash_file(input)? != content {
        return Err(FilterError::Changed(input.to_owned()));
    }
    writer.commit()?;
    Ok(Summary { read, kept, resumed: 0, cut: rule.cut() })
}
