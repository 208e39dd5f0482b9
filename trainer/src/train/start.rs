//! What a run begins with: a base, or a new model with a new tokenizer.

use std::path::{Path, PathBuf};

use maskarad_dialog::{Format, end_of_text};
use maskarad_engine::synthetic::{self, Shape};
use maskarad_engine::{ModelConfig, Tokenizer};

use super::folder::{RunFolder, remove};
use super::gpt2::{AdamWConfig, Gpt2Learner, LoraConfig};
use super::options::{FromScratch, TrainOptions};
use super::{RunError, TrainError, tokenizer};
use crate::files::FileError;

/// A checkpoint to begin with.
#[derive(Debug)]
pub(super) struct Start {
    /// Its folder.
    pub(super) folder: PathBuf,
    /// Its tokenizer.
    pub(super) tokenizer: Tokenizer,
    positions: usize,
}

impl Start {
    /// The base; or what is made in its stead, once, inside of the run's folder.
    pub(super) fn open(options: &TrainOptions, format: &Format, run: &RunFolder) -> Result<Self, RunError> {
        let folder = match (&options.base, options.from_scratch) {
            (None, Some(shape)) => make(options, shape, format, run)?,
            (base, _) => base.clone().unwrap_or_default(),
        };
        let path = folder.join("config.json");
        let text = std::fs::read(&path).map_err(FileError::at(&path))?;
        let config = ModelConfig::parse(&path, &text)?;
        let tokenizer = Tokenizer::from_folder(&folder)?.ok_or_else(|| RunError::NoTokenizer(folder.clone()))?;
        if tokenizer.rows() > config.vocab_size {
            return Err(RunError::TooFewRows { folder, tokens: tokenizer.rows(), rows: config.vocab_size });
        }
        if end_of_text(&tokenizer).is_none() {
            return Err(RunError::NoEnd(folder));
        }
        for token in format.template.tokens().iter().filter(|token| tokenizer.id_of(token).is_none()) {
            tracing::warn!("{} has no token {token}, which the template is made of", folder.display());
        }
        Ok(Self { folder, tokenizer, positions: config.n_positions })
    }

    /// Tokens of a row at most.
    pub(super) fn block(&self, options: &TrainOptions) -> usize {
        match options.block_size {
            0 => self.positions,
            size => size.min(self.positions),
        }
    }
}

/// A new model; what a killed process left half-made is made again.
fn make(options: &TrainOptions, shape: FromScratch, format: &Format, run: &RunFolder) -> Result<PathBuf, RunError> {
    let (part, place) = (run.own("base-part"), run.own("base"));
    if place.exists() {
        return Ok(place);
    }
    remove(&part)?;
    let vocab_size = tokenizer::write_new(&options.corpus, format, shape.vocab_size, &part)?;
    let shape = Shape {
        n_positions: shape.positions,
        vocab_size,
        n_embd: shape.width,
        n_layer: shape.layers,
        n_head: shape.heads,
    };
    synthetic::write_untrained(&part, shape, options.seed).map_err(FileError::at(&part))?;
    std::fs::rename(&part, &place).map_err(FileError::at(&place))?;
    Ok(place)
}

/// The learner that the options ask for.
pub(super) fn learner(options: &TrainOptions, folder: &Path) -> Result<Gpt2Learner, TrainError> {
    let optimizer = AdamWConfig {
        betas: (options.adam_beta1, options.adam_beta2),
        epsilon: options.adam_epsilon,
        weight_decay: options.weight_decay,
        max_grad_norm: (options.max_grad_norm > 0.0).then_some(options.max_grad_norm),
    };
    match &options.lora {
        None => Gpt2Learner::full(folder, optimizer, options.dropout),
        Some(lora) => {
            let lora = LoraConfig {
                r: lora.r,
                lora_alpha: lora.lora_alpha,
                lora_dropout: lora.lora_dropout,
                target_modules: lora.target_modules.clone(),
            };
            Gpt2Learner::lora(folder, lora, optimizer, options.dropout, options.seed)
        }
    }
}
