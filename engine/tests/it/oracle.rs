//! GPT-2 on candle's stock operations, in f32 or with candle's `Q8_0` weights: an oracle for tests and, included by
//! its path, a peer for benchmarks. Shares no arithmetic with the engine, only the reader of `config.json`.
//!
//! Letters in shapes: B sequences, T tokens of each, S tokens with their past, N = B · T rows, C width, F feed-forward
//! width, V token rows, H heads, D width of a head.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{DType, Device, Module, Result, Tensor, bail};
use candle_nn::ops::{layer_norm, softmax_last_dim};
use maskarad_engine::ModelConfig;

/// How the matrices are stored and multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weights {
    /// As they are.
    F32,
    /// Token table and output layer included, in blocks of 32 with a scale each.
    Q8_0,
}

/// A tied GPT-2 with GELU's tanh approximation.
pub(crate) struct Gpt2 {
    config: ModelConfig,
    tokens: Table,
    /// (P, C)
    positions: Tensor,
    blocks: Vec<Block>,
    ln_f: LayerNorm,
    head: QMatMul,
}

/// Keys and values of B sequences of equal length.
#[derive(Default)]
pub(crate) struct Cache {
    /// One pair of (B, H, S, D) a block, once there is a past.
    layers: Vec<(Tensor, Tensor)>,
}

enum Table {
    F32(Tensor),
    Q8_0(Arc<QTensor>),
}

struct Block {
    ln_1: LayerNorm,
    c_attn: Linear,
    attn_c_proj: Linear,
    ln_2: LayerNorm,
    c_fc: Linear,
    mlp_c_proj: Linear,
}

struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    epsilon: f32,
}

struct Linear {
    product: QMatMul,
    bias: Tensor,
}

/// The tensors of a checkpoint, by their names without prefix.
struct Tensors {
    tensors: HashMap<String, Tensor>,
    weights: Weights,
    epsilon: f32,
}

impl Gpt2 {
    /// Loads `config.json` and `model.safetensors` of `folder`.
    pub(crate) fn load(folder: &Path, weights: Weights) -> Result<Self> {
        let path = folder.join("config.json");
        let config = ModelConfig::parse(&path, &std::fs::read(&path)?).map_err(candle_core::Error::wrap)?;
        let tensors = candle_core::safetensors::load(folder.join("model.safetensors"), &Device::Cpu)?;
        let short = |name: String| name.strip_prefix("transformer.").map(str::to_owned).unwrap_or(name);
        let tensors = tensors.into_iter().map(|(name, tensor)| (short(name), tensor)).collect();
        let tensors = Tensors { tensors, weights, epsilon: config.layer_norm_epsilon as f32 };
        let (tokens, head) = tensors.token_table()?;
        Ok(Self {
            tokens,
            positions: tensors.get("wpe.weight")?,
            blocks: (0..config.n_layer).map(|layer| tensors.block(layer)).collect::<Result<_>>()?,
            ln_f: tensors.layer_norm("ln_f")?,
            head,
            config,
        })
    }

    /// The last block's output (B, T, C) for `ids` (B, T), which continue what `cache` holds.
    pub(crate) fn forward(&self, ids: &Tensor, cache: &mut Cache) -> Result<Tensor> {
        let (sequences, tokens) = ids.dims2()?;
        let past = cache.layers.first().map_or(Ok(0), |(keys, _)| keys.dim(2))?;
        let places = self.positions.narrow(0, past, tokens)?; // (T, C)
        let x = self.tokens.embed(&ids.flatten_all()?)?; // (N, C)
        let x = x.reshape((sequences, tokens, self.config.n_embd))?.broadcast_add(&places)?; // (B, T, C)
        let mut x = x.flatten(0, 1)?; // (N, C)
        for (layer, block) in self.blocks.iter().enumerate() {
            let h = block.c_attn.forward(&block.ln_1.forward(&x)?)?; // (N, 3C)
            let h = self.attend(&h.reshape((sequences, tokens, ()))?, layer, cache)?; // (N, C)
            x = (x + block.attn_c_proj.forward(&h)?)?; // (N, C)
            let h = block.c_fc.forward(&block.ln_2.forward(&x)?)?.gelu()?; // (N, F)
            x = (x + block.mlp_c_proj.forward(&h)?)?; // (N, C)
        }
        x.reshape((sequences, tokens, ()))
    }

    /// Logits (R, V) of R rows (R, C) that [`Gpt2::forward`] gave.
    pub(crate) fn logits(&self, rows: &Tensor) -> Result<Tensor> {
        self.head.forward(&self.ln_f.forward(rows)?)
    }

    /// Causal self-attention: `qkv` (B, T, 3C) → (N, C).
    fn attend(&self, qkv: &Tensor, layer: usize, cache: &mut Cache) -> Result<Tensor> {
        let (sequences, tokens, _) = qkv.dims3()?;
        let (heads, dim) = (self.config.n_head, self.config.head_dim());
        let part = |index: usize| {
            let part = qkv.narrow(2, index * heads * dim, heads * dim)?; // (B, T, C)
            part.reshape((sequences, tokens, heads, dim))?.transpose(1, 2)?.contiguous() // (B, H, T, D)
        };
        let (query, keys, values) = (part(0)?, part(1)?, part(2)?);
        let (keys, values) = cache.extend(layer, keys, values)?; // (B, H, S, D)
        let scale = f64::from(self.config.attention_scale(layer));
        let scores = (query.matmul(&keys.t()?)? * scale)?; // (B, H, T, S)
        let scores = if tokens == 1 { scores } else { scores.broadcast_add(&mask(tokens, keys.dim(2)?)?)? };
        let out = softmax_last_dim(&scores)?.matmul(&values)?; // (B, H, T, D)
        out.transpose(1, 2)?.reshape((sequences * tokens, heads * dim))
    }
}

impl Cache {
    /// Appends the keys and values (B, H, T, D) of a block, and returns all that it holds.
    fn extend(&mut self, layer: usize, keys: Tensor, values: Tensor) -> Result<(Tensor, Tensor)> {
        let Some((old_keys, old_values)) = self.layers.get_mut(layer) else {
            self.layers.push((keys.clone(), values.clone()));
            return Ok((keys, values));
        };
        *old_keys = Tensor::cat(&[&*old_keys, &keys], 2)?;
        *old_values = Tensor::cat(&[&*old_values, &values], 2)?;
        Ok((old_keys.clone(), old_values.clone()))
    }
}

impl Table {
    /// Rows of `ids` (N) → (N, C).
    fn embed(&self, ids: &Tensor) -> Result<Tensor> {
        match self {
            Self::F32(table) => table.index_select(ids, 0),
            Self::Q8_0(table) => table.embedding(ids),
        }
    }
}

impl LayerNorm {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        layer_norm(x, &self.weight, &self.bias, self.epsilon)
    }
}

impl Linear {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.product.forward(x)?.broadcast_add(&self.bias)
    }
}

impl Tensors {
    fn get(&self, name: &str) -> Result<Tensor> {
        match self.tensors.get(name) {
            Some(tensor) => tensor.to_dtype(DType::F32),
            None => bail!("no tensor {name}"),
        }
    }

    fn token_table(&self) -> Result<(Table, QMatMul)> {
        let weight = self.get("wte.weight")?; // (V, C)
        if self.weights == Weights::F32 {
            return Ok((Table::F32(weight.clone()), QMatMul::Tensor(weight)));
        }
        let table = Arc::new(QTensor::quantize(&weight, GgmlDType::Q8_0)?);
        let head = QMatMul::from_arc(table.clone())?;
        Ok((Table::Q8_0(table), head))
    }

    fn block(&self, layer: usize) -> Result<Block> {
        let name = |part: &str| format!("h.{layer}.{part}");
        Ok(Block {
            ln_1: self.layer_norm(&name("ln_1"))?,
            c_attn: self.linear(&name("attn.c_attn"))?,
            attn_c_proj: self.linear(&name("attn.c_proj"))?,
            ln_2: self.layer_norm(&name("ln_2"))?,
            c_fc: self.linear(&name("mlp.c_fc"))?,
            mlp_c_proj: self.linear(&name("mlp.c_proj"))?,
        })
    }

    fn layer_norm(&self, name: &str) -> Result<LayerNorm> {
        let (weight, bias) = (self.get(&format!("{name}.weight"))?, self.get(&format!("{name}.bias"))?);
        Ok(LayerNorm { weight, bias, epsilon: self.epsilon })
    }

    fn linear(&self, name: &str) -> Result<Linear> {
        let weight = self.get(&format!("{name}.weight"))?.t()?.contiguous()?; // (out, in)
        let product = match self.weights {
            Weights::F32 => QMatMul::Tensor(weight),
            Weights::Q8_0 => QMatMul::from_qtensor(QTensor::quantize(&weight, GgmlDType::Q8_0)?)?,
        };
        Ok(Linear { product, bias: self.get(&format!("{name}.bias"))? })
    }
}

/// What keeps the last `tokens` of `all` from looking ahead: (T, S), −∞ where a token may not look.
fn mask(tokens: usize, all: usize) -> Result<Tensor> {
    let past = all - tokens;
    let row = |token: usize| (0..all).map(move |at| if at > past + token { f32::NEG_INFINITY } else { 0.0 });
    Tensor::from_vec((0..tokens).flat_map(row).collect(), (tokens, all), &Device::Cpu)
}

#[cfg(test)]
mod tests {
    use maskarad_engine::synthetic::{Shape, write_checkpoint};

    use super::*;

    /// Logits (B, T, V) of `ids` (B, T), taken in by steps of these lengths.
    fn by_steps(model: &Gpt2, ids: &Tensor, lengths: &[usize]) -> Tensor {
        let (mut cache, mut begin, mut rows) = (Cache::default(), 0, Vec::new());
        for length in lengths {
            rows.push(model.forward(&ids.narrow(1, begin, *length).unwrap(), &mut cache).unwrap());
            begin += length;
        }
        let rows = Tensor::cat(&rows, 1).unwrap(); // (B, T, C)
        let (sequences, tokens, _) = rows.dims3().unwrap();
        model.logits(&rows.flatten(0, 1).unwrap()).unwrap().reshape((sequences, tokens, ())).unwrap()
    }

    #[test]
    fn steps_and_company_change_nothing() {
        let folder = tempfile::tempdir().unwrap();
        write_checkpoint(folder.path(), Shape::TINY, 1).unwrap();
        for weights in [Weights::F32, Weights::Q8_0] {
            let model = Gpt2::load(folder.path(), weights).unwrap();
            let ids = Tensor::new(&[[3u32, 1, 4, 1, 5, 9, 2], [300, 7, 1, 8, 2, 8, 1]], &Device::Cpu).unwrap();
            let whole = by_steps(&model, &ids, &[7]);
            let second = by_steps(&model, &ids.narrow(0, 1, 1).unwrap(), &[3, 1, 1, 2]);
            let whole: Vec<f32> = whole.narrow(0, 1, 1).unwrap().flatten_all().unwrap().to_vec1().unwrap();
            let second: Vec<f32> = second.flatten_all().unwrap().to_vec1().unwrap();
            assert_eq!(whole.len(), 7 * Shape::TINY.vocab_size);
            assert!(whole.iter().zip(&second).all(|(a, b)| (a - b).abs() < 1e-3));
        }
    }
}
