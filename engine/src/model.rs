//! GPT-2 (Radford et al., 2019), as `transformers.GPT2LMHeadModel` computes it, over a ragged batch: the rows of all
//! sequences lie one after another, and only attention looks at which row belongs to whom.
//! Knows no files, tokens' texts or schedules.
//!
//! Letters in shapes: N rows of the batch, R rows that are asked for logits, C width, F feed-forward width, V token
//! rows, H heads, D width of a head.

mod attention;
mod embedding;
mod kv;
mod linear;
pub mod loaded;
mod ops;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::ops::layer_norm;

pub(crate) use self::embedding::TokenTable;
pub use self::kv::KvCache;
pub(crate) use self::linear::Linear;
use crate::config::{Activation, ModelConfig};

/// The weights of a GPT-2 and its configuration.
pub struct Gpt2 {
    pub(crate) config: ModelConfig,
    pub(crate) tokens: TokenTable,
    /// (P, C)
    pub(crate) positions: Tensor,
    pub(crate) blocks: Vec<Block>,
    pub(crate) ln_f: LayerNorm,
    pub(crate) head: Linear,
}

/// The weights of one transformer block.
pub(crate) struct Block {
    pub(crate) ln_1: LayerNorm,
    pub(crate) c_attn: Linear,
    pub(crate) attn_c_proj: Linear,
    pub(crate) ln_2: LayerNorm,
    pub(crate) c_fc: Linear,
    pub(crate) mlp_c_proj: Linear,
}

/// The weights of a layer norm.
pub(crate) struct LayerNorm {
    /// (C)
    pub(crate) weight: Tensor,
    /// (C)
    pub(crate) bias: Tensor,
    pub(crate) epsilon: f32,
}

/// The next tokens of one sequence, and the keys and values of those before them.
pub struct Segment<'a> {
    /// At least one token; the cache has room for them.
    pub tokens: Vec<u32>,
    /// Which of them are asked for logits.
    pub output: Output,
    /// Grows by these tokens.
    pub cache: &'a mut KvCache,
}

/// Which rows of a segment are asked for logits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// None: more of the prompt follows.
    Nothing,
    /// The last one.
    Last,
    /// Every one.
    All,
}

impl Gpt2 {
    /// The model's configuration.
    #[must_use]
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Bytes of the weights.
    #[must_use]
    pub fn memory(&self) -> usize {
        let blocks: usize = self.blocks.iter().map(Block::memory).sum();
        let head = if self.config.tie_word_embeddings { 0 } else { self.head.memory() };
        self.tokens.memory() + ops::bytes(&self.positions) + blocks + self.ln_f.memory() + head
    }

    /// One pass over the batch. Returns for each segment the logits of the rows its `output` asks for, V floats each.
    ///
    /// # Errors
    /// Only what the checks of loading and of requests have ruled out: shapes that don't match.
    pub fn forward(&self, batch: &mut [Segment<'_>]) -> Result<Vec<Vec<f32>>> {
        let x = self.embed(batch)?; // (N, C)
        for (layer, block) in self.blocks.iter().enumerate() {
            block.forward(&x, &self.config, layer, batch)?;
        }
        for segment in batch.iter_mut() {
            segment.cache.advance(segment.tokens.len());
        }
        let rows = output_rows(batch);
        if rows.is_empty() {
            return Ok(batch.iter().map(|_| Vec::new()).collect());
        }
        let x = x.index_select(&Tensor::new(rows, &Device::Cpu)?, 0)?; // (R, C)
        let x = self.ln_f.forward(&x)?; // (R, C)
        let logits = self.head.forward(&x)?; // (R, V)
        split(&logits, batch)
    }

    /// Token and position embeddings of every row.
    fn embed(&self, batch: &[Segment<'_>]) -> Result<Tensor> {
        let ids: Vec<u32> = batch.iter().flat_map(|segment| segment.tokens.iter().copied()).collect();
        let places: Vec<u32> = batch.iter().flat_map(Segment::places).collect();
        let x = self.tokens.embed(ids)?; // (N, C)
        let places = self.positions.index_select(&Tensor::new(places, &Device::Cpu)?, 0)?; // (N, C)
        ops::add(&x, &places)?;
        Ok(x)
    }
}

impl Block {
    /// Adds attention and the feed-forward layer to the residual stream `x`, in place.
    fn forward(&self, x: &Tensor, config: &ModelConfig, layer: usize, batch: &mut [Segment<'_>]) -> Result<()> {
        let h = self.ln_1.forward(x)?; // (N, C)
        let qkv = self.c_attn.forward(&h)?; // (N, 3C)
        let h = attention::forward(&qkv, config, layer, batch)?; // (N, C)
        ops::add(x, &self.attn_c_proj.forward(&h)?)?; // (N, C)

        let h = self.ln_2.forward(x)?; // (N, C)
        let h = self.c_fc.forward(&h)?; // (N, F)
        let h = activate(h, config.activation)?; // (N, F)
        ops::add(x, &self.mlp_c_proj.forward(&h)?) // (N, C)
    }

    fn memory(&self) -> usize {
        let linears = [&self.c_attn, &self.attn_c_proj, &self.c_fc, &self.mlp_c_proj];
        let norms = [&self.ln_1, &self.ln_2];
        linears.iter().map(|linear| linear.memory()).sum::<usize>()
            + norms.iter().map(|norm| norm.memory()).sum::<usize>()
    }
}

impl LayerNorm {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        layer_norm(x, &self.weight, &self.bias, self.epsilon)
    }

    fn memory(&self) -> usize {
        ops::bytes(&self.weight) + ops::bytes(&self.bias)
    }
}

impl Segment<'_> {
    /// The positions of this segment's tokens in their sequence.
    fn places(&self) -> std::ops::Range<u32> {
        let past = self.cache.len() as u32;
        past..past + self.tokens.len() as u32
    }
}

fn activate(x: Tensor, activation: Activation) -> Result<Tensor> {
    match activation {
        Activation::GeluTanh => ops::gelu_tanh(&x).map(|()| x),
        Activation::GeluErf => x.gelu_erf(),
        Activation::Relu => x.relu(),
    }
}

/// The rows of the batch that are asked for logits.
fn output_rows(batch: &[Segment<'_>]) -> Vec<u32> {
    let mut rows = Vec::new();
    let mut end = 0;
    for segment in batch {
        let begin = end;
        end += segment.tokens.len() as u32;
        match segment.output {
            Output::Nothing => {}
            Output::Last => rows.push(end - 1),
            Output::All => rows.extend(begin..end),
        }
    }
    rows
}

/// Deals the logits out to their segments.
fn split(logits: &Tensor, batch: &[Segment<'_>]) -> Result<Vec<Vec<f32>>> {
    let width = logits.dim(1)?;
    debug_assert_eq!(logits.dtype(), DType::F32);
    ops::read(logits, |mut logits| {
        let share = |segment: &Segment<'_>| {
            let rows = match segment.output {
                Output::Nothing => 0,
                Output::Last => 1,
                Output::All => segment.tokens.len(),
            };
            let (own, rest) = logits.split_at(rows * width);
            logits = rest;
            own.to_vec()
        };
        batch.iter().map(share).collect()
    })
}
