//! Checkpoint folders with random weights, made on the fly: for tests and benchmarks of any crate that needs a model
//! of a given shape and doesn't care what it says, and adapters for them. Knows the names of a GPT-2's tensors and of
//! an adapter's, and no model that reads them.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use safetensors::tensor::{Dtype, TensorView};
use serde_json::json;

/// The shape of a checkpoint to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Positions.
    pub n_positions: usize,
    /// Rows of the token table.
    pub vocab_size: usize,
    /// Width.
    pub n_embd: usize,
    /// Blocks.
    pub n_layer: usize,
    /// Heads.
    pub n_head: usize,
}

impl Shape {
    /// ruGPT3Small: 124 million weights, half a gigabyte in f32.
    pub const RUGPT3_SMALL: Self = Self { n_positions: 2048, vocab_size: 50_264, n_embd: 768, n_layer: 12, n_head: 12 };

    /// A model that a test can run in a moment.
    pub const TINY: Self = Self { n_positions: 128, vocab_size: 307, n_embd: 64, n_layer: 2, n_head: 4 };
}

/// Writes `config.json` and a tied `model.safetensors` in f32 into `folder`, with weights that follow from `seed`.
/// There is no tokenizer: copy one into the folder where text is wanted.
///
/// # Errors
/// The folder can't be written to.
pub fn write_checkpoint(folder: &Path, shape: Shape, seed: u64) -> io::Result<()> {
    write(folder, shape, seed, fill)
}

/// As [`write_checkpoint`], with the weights that GPT-2 begins its training with: normal with a deviation of 0.02, less for
/// what adds to the residual stream; no biases.
///
/// # Errors
/// As [`write_checkpoint`].
pub fn write_untrained(folder: &Path, shape: Shape, seed: u64) -> io::Result<()> {
    let into_stream = 0.02 / (2.0 * shape.n_layer as f32).sqrt();
    write(folder, shape, seed, |name, size, random| {
        let count: usize = size.iter().product();
        let deviation = if name.ends_with("c_proj.weight") { into_stream } else { 0.02 };
        let mut value = || match name {
            _ if name.contains("ln_") && name.ends_with("weight") => 1.0,
            _ if name.ends_with("bias") => 0.0,
            _ => deviation * normal(random),
        };
        (0..count).flat_map(|_| value().to_le_bytes()).collect()
    })
}

/// Writes the files, with each tensor as `fill` makes it from its name and size.
fn write(
    folder: &Path,
    shape: Shape,
    seed: u64,
    fill: impl Fn(&str, &[usize], &mut StdRng) -> Vec<u8>,
) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("config.json"), config(shape).to_string())?;
    let mut random = StdRng::seed_from_u64(seed);
    let tensors: BTreeMap<String, (Vec<usize>, Vec<u8>)> = tensors(shape)
        .into_iter()
        .map(|(name, size)| (name.clone(), (size.clone(), fill(&name, &size, &mut random))))
        .collect();
    write_tensors(&folder.join("model.safetensors"), &tensors)
}

/// Writes `adapter_config.json` and `adapter_model.safetensors` in f32 into `folder`, as PEFT does, for a base of this
/// shape: all linear layers at this rank, twice the rank as `lora_alpha`, and weights that follow from `seed`.
///
/// # Errors
/// The folder can't be written to.
pub fn write_adapter(folder: &Path, shape: Shape, rank: usize, seed: u64) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let config = json!({
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": rank,
        "lora_alpha": 2 * rank,
        "lora_dropout": 0.0,
        "bias": "none",
        "fan_in_fan_out": true,
        "target_modules": ["c_attn", "c_proj", "c_fc"],
    });
    std::fs::write(folder.join("adapter_config.json"), config.to_string())?;
    let mut random = StdRng::seed_from_u64(seed);
    let mut tensors = BTreeMap::new();
    for layer in 0..shape.n_layer {
        for (name, inputs, outputs) in linears(shape) {
            for (factor, size) in [("A", vec![rank, inputs]), ("B", vec![outputs, rank])] {
                let name = format!("base_model.model.transformer.h.{layer}.{name}.lora_{factor}.weight");
                let bytes = fill(&name, &size, &mut random);
                tensors.insert(name, (size, bytes));
            }
        }
    }
    write_tensors(&folder.join("adapter_model.safetensors"), &tensors)
}

fn write_tensors(path: &Path, tensors: &BTreeMap<String, (Vec<usize>, Vec<u8>)>) -> io::Result<()> {
    let views = tensors.iter().map(|(name, (size, bytes))| {
        let view = TensorView::new(Dtype::F32, size.clone(), bytes).map_err(io::Error::other);
        view.map(|view| (name.as_str(), view))
    });
    let views = views.collect::<io::Result<Vec<_>>>()?;
    safetensors::serialize_to_file(views, None, path).map_err(io::Error::other)
}

/// A standard normal number, by Box and Muller.
fn normal(random: &mut StdRng) -> f32 {
    let (first, second): (f32, f32) = (random.random(), random.random());
    (-2.0 * (1.0 - first).ln()).sqrt() * (std::f32::consts::TAU * second).cos()
}

fn config(shape: Shape) -> serde_json::Value {
    json!({
        "model_type": "gpt2",
        "architectures": ["GPT2LMHeadModel"],
        "activation_function": "gelu_new",
        "n_positions": shape.n_positions,
        "n_ctx": shape.n_positions,
        "vocab_size": shape.vocab_size,
        "n_embd": shape.n_embd,
        "n_layer": shape.n_layer,
        "n_head": shape.n_head,
        "layer_norm_epsilon": 1e-5,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
    })
}

/// Names and sizes of all tensors.
fn tensors(shape: Shape) -> Vec<(String, Vec<usize>)> {
    let width = shape.n_embd;
    let mut tensors = vec![
        ("transformer.wte.weight".to_owned(), vec![shape.vocab_size, width]),
        ("transformer.wpe.weight".to_owned(), vec![shape.n_positions, width]),
        ("transformer.ln_f.weight".to_owned(), vec![width]),
        ("transformer.ln_f.bias".to_owned(), vec![width]),
    ];
    for layer in 0..shape.n_layer {
        for (name, inputs, outputs) in linears(shape) {
            tensors.push((format!("transformer.h.{layer}.{name}.weight"), vec![inputs, outputs]));
            tensors.push((format!("transformer.h.{layer}.{name}.bias"), vec![outputs]));
        }
        for name in ["ln_1", "ln_2"] {
            tensors.push((format!("transformer.h.{layer}.{name}.weight"), vec![width]));
            tensors.push((format!("transformer.h.{layer}.{name}.bias"), vec![width]));
        }
    }
    tensors
}

/// Names of a block's linear layers, with their inputs and outputs.
fn linears(shape: Shape) -> [(&'static str, usize, usize); 4] {
    let width = shape.n_embd;
    [
        ("attn.c_attn", width, 3 * width),
        ("attn.c_proj", width, width),
        ("mlp.c_fc", width, 4 * width),
        ("mlp.c_proj", 4 * width, width),
    ]
}

/// Ones for the layer norms' weights, and for the rest numbers spread so that the logits differ well.
fn fill(name: &str, size: &[usize], random: &mut StdRng) -> Vec<u8> {
    let count: usize = size.iter().product();
    let is_norm = name.contains("ln_") && name.ends_with("weight");
    let mut value = || {
        if is_norm { 1.0f32 } else { random.random_range(-0.1..0.1) }
    };
    (0..count).flat_map(|_| value().to_le_bytes()).collect()
}
