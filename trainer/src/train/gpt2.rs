//! A GPT-2 that learns, on candle's tape: whole, or by a low-rank adapter beside frozen weights.
//!
//! `network` is the model, `ops` its operations, `parameters` what learns, `adamw` how, `files` what is written.

mod adamw;
mod adapter;
mod files;
mod network;
mod ops;
mod parameters;
mod state;
mod weights;

use std::path::Path;

pub use self::adamw::AdamWConfig;
use self::adamw::Moments;
pub use self::adapter::LoraConfig;
use self::files::Exported;
use self::network::{Dropouts, Network, Pass};
use self::parameters::Parameters;
use super::learner::{Batch, DropoutKey, Learner, TrainError};

/// A GPT-2 with its optimizer.
#[derive(Debug)]
pub struct Gpt2Learner {
    network: Network,
    parameters: Parameters,
    moments: Moments,
    optimizer: AdamWConfig,
    dropout: f64,
    exported: Exported,
}

impl Gpt2Learner {
    /// All weights of the checkpoint in `folder` learn. `dropout` is the probability that a value of embeddings, residuals
    /// or attention is dropped.
    ///
    /// # Errors
    /// The folder holds no GPT-2 that can be read.
    pub fn full(folder: &Path, optimizer: AdamWConfig, dropout: f64) -> Result<Self, TrainError> {
        let base = weights::read(folder)?;
        let mut parameters = Parameters::default();
        let network = Network::new(&base, &mut parameters, None)?;
        Ok(Self::new(network, parameters, optimizer, dropout, Exported::Whole { config: base.text }))
    }

    /// An adapter learns beside the frozen weights of the checkpoint in `folder`. Its first values follow from `seed`.
    ///
    /// # Errors
    /// The folder holds no GPT-2 that can be read, or has no such modules.
    pub fn lora(
        folder: &Path,
        lora: LoraConfig,
        optimizer: AdamWConfig,
        dropout: f64,
        seed: u64,
    ) -> Result<Self, TrainError> {
        lora.validate()?;
        let base = weights::read(folder)?;
        let mut parameters = Parameters::default();
        let network = Network::new(&base, &mut parameters, Some((&lora, seed)))?;
        Ok(Self::new(network, parameters, optimizer, dropout, Exported::Adapter { config: lora }))
    }

    fn new(network: Network, parameters: Parameters, optimizer: AdamWConfig, dropout: f64, exported: Exported) -> Self {
        let moments = Moments::new(&parameters);
        Self { network, parameters, moments, optimizer, dropout, exported }
    }

    /// Takes the values of an adapter that was trained before, by us or by PEFT.
    ///
    /// # Errors
    /// It isn't of this shape, or can't be read.
    pub fn take_adapter(&mut self, folder: &Path) -> Result<(), TrainError> {
        files::read_adapter(folder, &self.parameters)
    }

    /// Logits (B·T, V) of rows of ids, without dropout: for comparing with other programs.
    ///
    /// # Errors
    /// Ids beyond the vocabulary, or rows beyond the positions.
    pub fn logits(&self, ids: &[u32], columns: usize) -> Result<Vec<f32>, TrainError> {
        Ok(self.network.logits(ids, columns)?)
    }
}

impl Learner for Gpt2Learner {
    fn accumulate(&mut self, batch: &Batch, normaliser: usize, key: DropoutKey) -> Result<f64, TrainError> {
        let dropouts = Dropouts { key: key.0, probability: self.dropout as f32 };
        let pass = Pass { dropouts: Some(dropouts), scale: Some((1.0 / normaliser.max(1) as f64) as f32) };
        Ok(self.network.learn(batch, pass)?)
    }

    fn step(&mut self, learning_rate: f64) -> Result<f64, TrainError> {
        Ok(self.moments.step(&self.parameters, &self.optimizer, learning_rate)?)
    }

    fn evaluate(&self, batch: &Batch) -> Result<(f64, usize), TrainError> {
        let (loss, count) = self.network.evaluate(batch)?;
        Ok((loss.sum, count))
    }

    fn save(&self, folder: &Path) -> Result<(), TrainError> {
        state::save(folder, &self.parameters, &self.moments)
    }

    fn restore(&mut self, folder: &Path) -> Result<(), TrainError> {
        state::restore(folder, &self.parameters, &mut self.moments)
    }

    fn export(&self, folder: &Path) -> Result<(), TrainError> {
        self.exported.write(folder, &self.parameters)
    }
}
