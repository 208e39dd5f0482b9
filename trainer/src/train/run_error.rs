//! Why a training run can't begin, go on or end.

use std::path::PathBuf;

use maskarad_dialog::LessonError;
use maskarad_engine::TokenizerError;
use maskarad_engine::config::ConfigError;

use super::TrainError;
use crate::corpus::record::CorpusError;
use crate::files::FileError;

/// What keeps a run from its end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// An option is out of its range, or clashes with another.
    #[error("{name}: {problem}")]
    Option {
        /// Its name.
        name: &'static str,
        /// What is wrong, and what was expected.
        problem: String,
    },
    /// A file can't be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The corpus has a bad line.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// The base has a bad `config.json`.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The base has a bad tokenizer.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// The base has no tokenizer.
    #[error("{}: has no tokenizer; copy tokenizer.json, or vocab.json and merges.txt, into it", .0.display())]
    NoTokenizer(PathBuf),
    /// The model and its tokenizer don't belong together.
    #[error("{}: the tokenizer has {tokens} tokens, but the model only {rows} rows for them; they aren't from one checkpoint", folder.display())]
    TooFewRows {
        /// The base.
        folder: PathBuf,
        /// Tokens.
        tokens: usize,
        /// Rows.
        rows: usize,
    },
    /// A dialogue can't be written in the template.
    #[error("{}:{line}: {source}", path.display())]
    Lesson {
        /// The corpus.
        path: PathBuf,
        /// Which line.
        line: u64,
        /// Why.
        source: LessonError,
    },
    /// The tokenizer has no token to end an answer with.
    #[error("{}: {}", .0.display(), LessonError::NoEnd)]
    NoEnd(PathBuf),
    /// Nothing can be learned from the corpus.
    #[error("{}: {dialogues} dialogues were read, and none holds an answer to learn; {mend}", path.display())]
    NothingToLearn {
        /// The corpus.
        path: PathBuf,
        /// How many were read.
        dialogues: u64,
        /// What may help.
        mend: &'static str,
    },
    /// The learner failed.
    #[error(transparent)]
    Learner(#[from] TrainError),
    /// Another process works in the folder.
    #[error("{}: another training run works in this folder; wait for its end, or choose another folder", .0.display())]
    Busy(PathBuf),
    /// The folder holds a run that was told something else.
    #[error("{}: holds a run with another {changed}; go on with what it was begun with, or begin anew with --restart", folder.display())]
    Changed {
        /// The folder.
        folder: PathBuf,
        /// What differs.
        changed: String,
    },
    /// The folder holds something that no run left there.
    #[error("{}: is not empty and holds no training run; choose another folder", .0.display())]
    Foreign(PathBuf),
    /// A file of a run is broken.
    #[error("{}: {problem}; begin anew with --restart", path.display())]
    Broken {
        /// Which one.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The loss is no number any more.
    #[error("the loss of step {0} is no number; lower the learning rate, and begin anew with --restart")]
    Diverged(u64),
    /// A new tokenizer can't be made.
    #[error("a tokenizer can't be made from {}: {problem}", path.display())]
    NewTokenizer {
        /// The corpus.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}
