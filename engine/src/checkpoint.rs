//! A checkpoint folder as Hugging Face writes it, from its files to a [`Gpt2`] and its tokenizer.
//! Reads everything into memory and keeps no file open or mapped: overwriting a checkpoint can't hurt who serves it.

mod error;
mod files;
mod identity;
mod pack;
mod parts;
mod pickle;
mod safetensors;
mod source;
mod tensors;
mod torch;
mod weights;

use std::path::Path;

use serde_json::Value;

pub use self::error::{LoadError, TensorProblem};
use self::files::Folder;
use crate::config::{ModelConfig, OneOrMany};
use crate::key::{ModelKey, Precision};
use crate::model::Gpt2;
use crate::tokenizer::Tokenizer;

/// What a folder holds.
pub(crate) struct Checkpoint {
    pub(crate) network: Gpt2,
    pub(crate) tokenizer: Option<Tokenizer>,
    pub(crate) eos_token_ids: Vec<u32>,
}

/// The identity of the folder's content: a SHA-256 over every file that [`load`] would read.
pub(crate) fn key(folder: &Path, precision: Precision) -> Result<ModelKey, LoadError> {
    Ok(ModelKey::new(Folder::open(folder)?.hash()?, precision))
}

/// Reads a checkpoint folder.
pub(crate) fn load(folder: &Path, precision: Precision) -> Result<Checkpoint, LoadError> {
    let files = Folder::open(folder)?;
    let config = ModelConfig::parse(&files.config, &error::read(&files.config)?)?;
    let tokenizer = Tokenizer::from_folder(folder)?;
    if let Some(rows) = tokenizer.as_ref().map(Tokenizer::rows).filter(|rows| *rows > config.vocab_size) {
        return Err(LoadError::TokenizerTooLarge { folder: folder.to_owned(), rows, vocab_size: config.vocab_size });
    }
    let eos_token_ids = match generation_eos(folder)? {
        Some(ids) => ids,
        None => config.eos_token_ids.clone(),
    };
    let network = weights::build(config, tensors::Tensors::open(&files.weights)?, precision)?;
    tracing::info!(folder = %folder.display(), %precision, bytes = network.memory(), "loaded a checkpoint");
    Ok(Checkpoint { network, tokenizer, eos_token_ids })
}

/// `eos_token_id` of `generation_config.json`, which outranks that of `config.json`.
fn generation_eos(folder: &Path) -> Result<Option<Vec<u32>>, LoadError> {
    let path = folder.join(files::GENERATION_CONFIG);
    if !path.is_file() {
        return Ok(None);
    }
    let corrupt =
        |problem: String| LoadError::Corrupt { path: path.clone(), place: "eos_token_id".to_owned(), problem };
    let fields: Value = serde_json::from_slice(&error::read(&path)?).map_err(|error| corrupt(error.to_string()))?;
    match fields.get("eos_token_id") {
        None | Some(Value::Null) => Ok(None),
        Some(ids) => serde_json::from_value::<OneOrMany>(ids.clone())
            .map(|ids| Some(ids.into()))
            .map_err(|_| corrupt(format!("is {ids}, expected a token id or a list of them"))),
    }
}
