//! The base checkpoint: its configuration, and its tensors by the names that `GPT2Model` has for them.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use maskarad_engine::{ModelConfig, checkpoint};

use super::super::learner::TrainError;

/// A checkpoint, read.
pub(super) struct Base {
    pub(super) config: ModelConfig,
    /// Its `config.json`.
    pub(super) text: Vec<u8>,
    folder: std::path::PathBuf,
    tensors: HashMap<String, Tensor>,
}

/// Reads any folder that the engine serves, as f32.
pub(super) fn read(folder: &Path) -> Result<Base, TrainError> {
    let path = folder.join("config.json");
    let text = std::fs::read(&path).map_err(|source| TrainError::File { path: path.clone(), source })?;
    let config = ModelConfig::parse(&path, &text)?;
    let mut tensors = HashMap::new();
    for tensor in checkpoint::raw::tensors(folder)? {
        let name = tensor.name.strip_prefix("transformer.").unwrap_or(&tensor.name).to_owned();
        tensors.insert(name, Tensor::from_vec(tensor.values, tensor.shape, &Device::Cpu)?);
    }
    Ok(Base { config, text, folder: folder.to_owned(), tensors })
}

impl Base {
    /// The tensor of this name and shape.
    pub(super) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, TrainError> {
        let complaint = |problem: String| TrainError::Weights { folder: self.folder.clone(), problem };
        match self.tensors.get(name) {
            None => Err(complaint(format!("has no tensor `{name}`; expected one of shape {shape:?}"))),
            Some(tensor) if tensor.dims() == shape => Ok(tensor.clone()),
            Some(tensor) => {
                let found = tensor.dims();
                Err(complaint(format!("has `{name}` of shape {found:?}, but config.json says {shape:?}")))
            }
        }
    }
}
