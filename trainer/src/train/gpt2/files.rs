//! What Hugging Face loads: a checkpoint as `save_pretrained` writes it, or an adapter as PEFT does.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{CpuStorage, InplaceOp1, Layout};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::{Map, Value, json};

use super::super::learner::TrainError;
use super::adapter::LoraConfig;
use super::parameters::{Parameter, Parameters};
use crate::files;

const ADAPTER: &str = "adapter_model.safetensors";

/// What a learner leaves behind.
#[derive(Debug)]
pub(super) enum Exported {
    /// A checkpoint, with the `config.json` of its base.
    Whole { config: Vec<u8> },
    /// An adapter.
    Adapter { config: LoraConfig },
}

impl Exported {
    pub(super) fn write(&self, folder: &Path, parameters: &Parameters) -> Result<(), TrainError> {
        match self {
            Self::Whole { config } => {
                let config = checkpoint_config(config);
                write_json(&folder.join("generation_config.json"), &generation_config(&config))?;
                write_json(&folder.join("config.json"), &config)?;
                write_weights(&folder.join("model.safetensors"), parameters)
            }
            Self::Adapter { config } => {
                write_json(&folder.join("adapter_config.json"), &adapter_config(config))?;
                write_weights(&folder.join(ADAPTER), parameters)
            }
        }
    }
}

/// The base's own words, but that weights are f32 now.
fn checkpoint_config(text: &[u8]) -> Value {
    let mut fields: Map<String, Value> = serde_json::from_slice(text).unwrap_or_default();
    fields.remove("torch_dtype");
    fields.insert("dtype".to_owned(), json!("float32"));
    fields.insert("architectures".to_owned(), json!(["GPT2LMHeadModel"]));
    Value::Object(fields)
}

/// The ids that begin, end and fill texts.
fn generation_config(config: &Value) -> Value {
    let ids = ["bos_token_id", "eos_token_id", "pad_token_id"];
    let known = ids.iter().filter_map(|name| Some(((*name).to_owned(), config.get(*name)?.clone())));
    Value::Object(known.chain([("_from_model_config".to_owned(), json!(true))]).collect())
}

/// What PEFT has to know; whatever isn't here has its defaults.
fn adapter_config(config: &LoraConfig) -> Value {
    json!({
        "base_model_name_or_path": null,
        "bias": "none",
        "fan_in_fan_out": true,
        "inference_mode": true,
        "init_lora_weights": true,
        "lora_alpha": config.lora_alpha,
        "lora_dropout": config.lora_dropout,
        "modules_to_save": null,
        "peft_type": "LORA",
        "r": config.r,
        "target_modules": config.target_modules,
        "task_type": "CAUSAL_LM",
        "use_dora": false,
        "use_rslora": false,
    })
}

fn write_json(path: &Path, value: &Value) -> Result<(), TrainError> {
    let text = format!("{value:#}\n");
    files::write(path, text).map_err(|error| TrainError::File { path: error.path, source: error.source })
}

fn write_weights(path: &Path, parameters: &Parameters) -> Result<(), TrainError> {
    let values: Vec<Vec<f32>> =
        parameters.0.iter().map(|p| p.tensor.flatten_all()?.to_vec1()).collect::<candle_core::Result<_>>()?;
    let views = parameters.0.iter().zip(&values).map(|(parameter, values)| {
        let view = TensorView::new(Dtype::F32, parameter.tensor.dims().to_vec(), bytemuck::cast_slice(values))
            .expect("a tensor has as many values as its shape says");
        (parameter.name.clone(), view)
    });
    write_tensors(path, views.collect(), HashMap::from([("format".to_owned(), "pt".to_owned())]))
}

/// Writes tensors, sorted by name.
pub(super) fn write_tensors(
    path: &Path,
    mut views: Vec<(String, TensorView<'_>)>,
    metadata: HashMap<String, String>,
) -> Result<(), TrainError> {
    views.sort_by(|a, b| a.0.cmp(&b.0));
    let bytes = safetensors::serialize(views, Some(metadata))
        .map_err(|error| TrainError::Weights { folder: path.to_owned(), problem: error.to_string() })?;
    files::write(path, bytes).map_err(|error| TrainError::File { path: error.path, source: error.source })
}

/// Reads PEFT's tensors into parameters of the same names and shapes.
pub(super) fn read_adapter(folder: &Path, parameters: &Parameters) -> Result<(), TrainError> {
    let path: PathBuf = folder.join(ADAPTER);
    let broken = |problem: String| TrainError::Weights { folder: path.clone(), problem };
    let bytes = std::fs::read(&path).map_err(|source| TrainError::File { path: path.clone(), source })?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(|error| broken(error.to_string()))?;
    if tensors.len() != parameters.0.len() {
        let (found, expected) = (tensors.len(), parameters.0.len());
        return Err(broken(format!("has {found} tensors, but the adapter's configuration makes {expected}")));
    }
    for parameter in &parameters.0 {
        let view = tensors.tensor(&parameter.name).map_err(|error| broken(error.to_string()))?;
        if view.dtype() != Dtype::F32 || view.shape() != parameter.tensor.dims() {
            let (name, shape) = (&parameter.name, parameter.tensor.dims());
            return Err(broken(format!("has `{name}` in another shape or type; expected f32 {shape:?}")));
        }
        let values = view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        set(parameter, values)?;
    }
    Ok(())
}

/// Replaces a parameter's values where they lie.
pub(super) fn set(parameter: &Parameter, values: Vec<f32>) -> candle_core::Result<()> {
    parameter.tensor.inplace_op1(&Set(values))
}

struct Set(Vec<f32>);

impl InplaceOp1 for Set {
    fn name(&self) -> &'static str {
        "set"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        match (storage, layout.contiguous_offsets()) {
            (CpuStorage::F32(to), Some((begin, end))) if end - begin == self.0.len() => {
                to[begin..end].copy_from_slice(&self.0);
                Ok(())
            }
            _ => candle_core::bail!("expected as many contiguous values of f32"),
        }
    }
}
