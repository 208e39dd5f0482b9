//! What the loop asks of a model that learns. Provisional.

use std::path::Path;

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
    /// Something.
    #[error("{0}")]
    Other(String),
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

/// None.
#[derive(Debug)]
pub enum NoLearner {}

impl Learner for NoLearner {
    fn accumulate(&mut self, _: &Batch, _: usize, _: DropoutKey) -> Result<f64, TrainError> {
        match *self {}
    }
    fn step(&mut self, _: f64) -> Result<f64, TrainError> {
        match *self {}
    }
    fn evaluate(&self, _: &Batch) -> Result<(f64, usize), TrainError> {
        match *self {}
    }
    fn save(&self, _: &Path) -> Result<(), TrainError> {
        match *self {}
    }
    fn restore(&mut self, _: &Path) -> Result<(), TrainError> {
        match *self {}
    }
    fn export(&self, _: &Path) -> Result<(), TrainError> {
        match *self {}
    }
}
