//! A checkpoint folder as Hugging Face writes it, from its files to a [`Gpt2`] and its tokenizer.
//! Keeps no file of it open or mapped: overwriting a checkpoint can't hurt who serves it.

mod adapter;
mod error;
mod files;
mod identity;
mod loader;
mod pack;
mod parts;
mod pickle;
pub mod raw;
mod safetensors;
mod source;
mod tensors;
mod torch;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

pub use self::error::{LoadError, TensorProblem};
pub(crate) use self::loader::{Contents, Loader};
use crate::config::OneOrMany;
use crate::model::Gpt2;
use crate::tokenizer::Tokenizer;

/// The files that a checkpoint folder's model is made of, in the order in which they are hashed for its
/// [`ModelKey`](crate::ModelKey). A folder with copies of just these is the same model.
///
/// # Errors
/// A folder that is no checkpoint.
pub fn files_of(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    Ok(files::Folder::open(folder)?.paths().map(Path::to_owned).collect())
}

/// As [`files_of`], for the folder of an adapter.
///
/// # Errors
/// A folder that holds no adapter.
pub fn files_of_adapter(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let files = files::AdapterFolder::open(folder)?;
    Ok(files.paths().map(Path::to_owned).collect())
}

/// The combined SHA-256 of an adapter's files, which [`ModelKey::adapter`](crate::ModelKey::adapter) holds.
///
/// # Errors
/// A folder that holds no adapter, or can't be read.
pub fn hash_of_adapter(folder: &Path) -> Result<[u8; 32], LoadError> {
    files::AdapterFolder::open(folder)?.hash()
}

/// What a folder holds, ready to serve.
pub(crate) struct Checkpoint {
    pub(crate) network: Gpt2,
    pub(crate) tokenizer: Option<Arc<Tokenizer>>,
    pub(crate) eos_token_ids: Vec<u32>,
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
