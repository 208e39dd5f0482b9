//! What the loop asks of a model that learns.

use std::path::{Path, PathBuf};

/// Rows of ids with labels, padded to one length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Rows.
    pub rows: usize,
    /// Tokens of each.
    pub columns: usize,
    /// Ids, row by row.
    pub ids: Vec<u32>,
    /// The id itself where it is learned, else -100.
    pub labels: Vec<i64>,
}

/// What dropout follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DropoutKey(pub u64);

/// What goes wrong in a learner.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// An operation was given what it can't take, such as a token beyond the vocabulary.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
    /// The base can't be read.
    #[error(transparent)]
    Load(#[from] maskarad_engine::LoadError),
    /// Its `config.json` can't be honoured.
    #[error(transparent)]
    Config(#[from] maskarad_engine::config::ConfigError),
    /// A file can't be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Weights lack something.
    #[error("{} {problem}", folder.display())]
    Weights {
        /// Where they lie.
        folder: PathBuf,
        /// What, and what was expected.
        problem: String,
    },
    /// Something was asked for that there isn't.
    #[error("{0}")]
    Options(String),
}

/// A model that learns.
pub trait Learner {
    /// Adds a batch's gradients; the loss of each label counts 1/`normaliser`. Returns the summed loss.
    fn accumulate(&mut self, batch: &Batch, normaliser: usize, key: DropoutKey) -> Result<f64, TrainError>;
    /// Steps; returns the norm of the gradients.
    fn step(&mut self, learning_rate: f64) -> Result<f64, TrainError>;
    /// The summed loss and the count of labels.
    fn evaluate(&self, batch: &Batch) -> Result<(f64, usize), TrainError>;
    /// Writes its state.
    fn save(&self, folder: &Path) -> Result<(), TrainError>;
    /// Reads its state.
    fn restore(&mut self, folder: &Path) -> Result<(), TrainError>;
    /// Writes what others load.
    fn export(&self, folder: &Path) -> Result<(), TrainError>;
}
