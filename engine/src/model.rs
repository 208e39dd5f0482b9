//! GPT-2 (Radford et al., 2019), as `transformers.GPT2LMHeadModel` computes it, over a ragged batch: the rows of all
//! sequences lie one after another, and only attention looks at which row belongs to whom. A row's logits are the same
//! numbers, to the last bit, whatever rows are computed beside it.
//! Knows no files, tokens' texts or schedules.
//!
//! Letters in shapes: N rows of the batch, R rows that are asked for logits, C width, F feed-forward width, V token
//! rows, H heads, D width of a head.

pub(crate) mod adapter;
mod attention;
mod compute;
mod embedding;
mod kv;
mod linear;
pub mod loaded;
mod panels;
mod plan;

use std::ops::Range;
use std::sync::Arc;

use self::adapter::{Adapter, Site};
pub use self::compute::Compute;
use self::compute::Scratch;
pub use self::kv::KvCache;
pub(crate) use self::linear::Linear;
use self::linear::Then;
use self::panels::Panels;
use self::plan::Plan;
use crate::config::ModelConfig;
use crate::kernels::tiles::TILE;
use crate::kernels::{self, PanelRow, Pool};
use crate::packed::{Packed, PackedError};
use crate::region::Floats;

/// The weights of a GPT-2 and its configuration.
pub struct Gpt2 {
    config: ModelConfig,
    /// (P, C up to a multiple of 16)
    positions: Floats,
    blocks: Vec<Block>,
    ln_f: LayerNorm,
    /// The token table (V, C), where it is not the output layer too.
    untied_tokens: Option<Linear>,
    /// (V, C)
    head: Linear,
    memory: usize,
}

/// The weights of one transformer block.
struct Block {
    ln_1: LayerNorm,
    c_attn: Linear,
    attn_c_proj: Linear,
    ln_2: LayerNorm,
    c_fc: Linear,
    mlp_c_proj: Linear,
}

/// The weights of a layer norm.
struct LayerNorm {
    /// (C up to a multiple of 16)
    weight: Floats,
    /// As `weight`.
    bias: Floats,
    width: usize,
    epsilon: f32,
}

/// The next tokens of one sequence, and the keys and values of those before them.
pub struct Segment<'a> {
    /// At least one token; the cache has room for them.
    pub tokens: Vec<u32>,
    /// Which of them are asked for logits.
    pub output: Output,
    /// Grows by these tokens.
    pub cache: &'a mut KvCache,
    /// What is added to the model for this sequence.
    pub(crate) adapter: Option<Arc<Adapter>>,
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

/// The logits of the rows that were asked for, in the order of the batch.
pub struct Logits<'a> {
    panels: &'a Panels,
    vocab_size: usize,
    pool: &'a mut Pool,
}

impl Logits<'_> {
    /// Does something with each of the `values`, on all threads; `read` writes one row (V) into its second argument.
    pub(crate) fn for_each<T: Send>(
        self,
        values: &mut [T],
        work: impl Fn(&mut T, &dyn Fn(usize, &mut Vec<f32>)) + Sync,
    ) {
        let Self { panels, vocab_size, pool } = self;
        pool.for_each(values, |value| work(value, &|row, logits| read(panels, vocab_size, row, logits)));
    }

    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.panels.rows
    }

    /// Writes one row (V) into `logits`.
    pub fn read(&self, row: usize, logits: &mut Vec<f32>) {
        read(self.panels, self.vocab_size, row, logits);
    }
}

impl Gpt2 {
    /// The model of these weights.
    pub(crate) fn new(config: ModelConfig, weights: &Packed) -> Result<Self, PackedError> {
        let (rows, width) = (config.vocab_size, config.n_embd);
        let table = |name: &str| Ok(Linear { matrix: weights.matrix(name, rows, width)?, bias: None });
        let tokens = table("wte.weight")?;
        let (untied_tokens, head) =
            if config.tie_word_embeddings { (None, tokens) } else { (Some(tokens), table("lm_head.weight")?) };
        Ok(Self {
            positions: weights.vectors("wpe.weight", config.n_positions, width)?,
            blocks: (0..config.n_layer).map(|layer| Block::new(&config, weights, layer)).collect::<Result<_, _>>()?,
            ln_f: LayerNorm::new(&config, weights, "ln_f")?,
            untied_tokens,
            head,
            memory: weights.memory(),
            config,
        })
    }

    /// The model's configuration.
    #[must_use]
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// Bytes of the weights.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.memory
    }

    /// One pass over the batch: the logits of the rows that each segment's `output` asks for.
    pub fn forward<'a>(&self, compute: &'a mut Compute, batch: &mut [Segment<'_>]) -> Logits<'a> {
        let mut scratch = std::mem::take(&mut compute.scratch);
        self.embed(batch, &mut scratch);
        let all = Plan::new(batch, |_, rows| rows);
        let wanted = Plan::new(batch, Output::of);
        for (layer, block) in self.blocks.iter().enumerate() {
            // After the last block only the rows that were asked for matter; of the others, their keys and values.
            let plan = if layer + 1 == self.blocks.len() { &wanted } else { &all };
            block.forward((compute, &mut scratch), (&self.config, layer), batch, plan);
        }
        for segment in batch.iter_mut() {
            segment.cache.advance(segment.tokens.len());
        }
        self.finish(compute, &mut scratch);
        compute.scratch = scratch;
        let Compute { pool, scratch, .. } = compute;
        Logits { panels: &scratch.logits, vocab_size: self.config.vocab_size, pool }
    }

    /// Token and position embeddings of every row, into the residual stream.
    fn embed(&self, batch: &[Segment<'_>], scratch: &mut Scratch) {
        let width = self.config.n_embd;
        let padded = width.next_multiple_of(TILE);
        let table = &self.untied_tokens.as_ref().unwrap_or(&self.head).matrix;
        scratch.x.resize(batch.iter().map(|segment| segment.tokens.len()).sum(), width); // (N, C)
        let mut values = vec![0.0; padded];
        let tokens = batch.iter().flat_map(|segment| segment.tokens.iter().zip(segment.cache.len()..));
        for (row, (id, place)) in tokens.enumerate() {
            embedding::read(table, *id as usize, &mut values[..width]);
            let position = &self.positions[place * padded..][..width];
            values.iter_mut().zip(position).for_each(|(value, position)| *value += position);
            scratch.x.set_row(row, &values);
        }
    }

    /// The output layer on whatever rows are left in the residual stream.
    fn finish(&self, compute: &mut Compute, scratch: &mut Scratch) {
        let Scratch { x, rows, logits, .. } = scratch;
        logits.resize(x.rows, self.config.vocab_size);
        if x.rows == 0 {
            return;
        }
        let kernels = compute.kernels;
        rows.fill(compute, self.head.shape(x.rows), |row, out| self.ln_f.forward(kernels, x.row(row), out)); // (R, C)
        self.head.forward(compute, (rows, &[]), Then::Replace, logits); // (R, V)
    }
}

impl Block {
    fn new(config: &ModelConfig, weights: &Packed, layer: usize) -> Result<Self, PackedError> {
        let (width, inner) = (config.n_embd, config.n_inner);
        let name = |part: &str| format!("h.{layer}.{part}");
        let linear = |part: &str, inputs: usize, outputs: usize| -> Result<Linear, PackedError> {
            let matrix = weights.matrix(&name(&format!("{part}.weight")), outputs, inputs)?;
            Ok(Linear { matrix, bias: Some(weights.vector(&name(&format!("{part}.bias")), outputs)?) })
        };
        Ok(Self {
            ln_1: LayerNorm::new(config, weights, &name("ln_1"))?,
            c_attn: linear("attn.c_attn", width, 3 * width)?,
            attn_c_proj: linear("attn.c_proj", width, width)?,
            ln_2: LayerNorm::new(config, weights, &name("ln_2"))?,
            c_fc: linear("mlp.c_fc", width, inner)?,
            mlp_c_proj: linear("mlp.c_proj", inner, width)?,
        })
    }

    /// Adds attention and the feed-forward layer to the residual stream, of which only the rows that the plan wants stay.
    fn forward(
        &self,
        (compute, scratch): (&mut Compute, &mut Scratch),
        (config, layer): (&ModelConfig, usize),
        batch: &mut [Segment<'_>],
        plan: &Plan,
    ) {
        let Plan { wanted, before, after } = plan;
        let Scratch { x, rows, qkv, heads, inner, .. } = scratch;
        let kernels = compute.kernels;
        let shape = self.c_attn.shape(x.rows).and_floats(!before.is_empty());
        rows.fill(compute, shape, |row, out| self.ln_1.forward(kernels, x.row(row), out)); // (N, C)
        let adapted = adapter::lower(compute, rows, (before, layer, Site::CAttn));
        self.c_attn.forward(compute, (rows, &adapted), Then::Replace, qkv); // (N, 3C)
        attention::forward(compute, (config, layer), (qkv, batch, wanted), heads); // (H, N, D)
        let kept: Vec<usize> = wanted.iter().cloned().flatten().collect();
        if kept.len() < x.rows {
            x.keep(&kept);
        }
        if kept.is_empty() {
            return;
        }
        let shape = |linear: &Linear| linear.shape(kept.len()).and_floats(!after.is_empty());
        rows.fill(compute, shape(&self.attn_c_proj), |row, out| heads.read(row, &mut out[..config.n_embd])); // (N, C)
        let adapted = adapter::lower(compute, rows, (after, layer, Site::AttnCProj));
        self.attn_c_proj.forward(compute, (rows, &adapted), Then::Add, x); // (N, C)

        rows.fill(compute, shape(&self.c_fc), |row, out| self.ln_2.forward(kernels, x.row(row), out)); // (N, C)
        let adapted = adapter::lower(compute, rows, (after, layer, Site::CFc));
        self.c_fc.forward(compute, (rows, &adapted), Then::Activate(config.activation), inner); // (N, F)
        rows.fill(compute, shape(&self.mlp_c_proj), |row, out| copy(inner.row(row), out)); // (N, F)
        let adapted = adapter::lower(compute, rows, (after, layer, Site::MlpCProj));
        self.mlp_c_proj.forward(compute, (rows, &adapted), Then::Add, x); // (N, C)
    }
}

impl LayerNorm {
    fn new(config: &ModelConfig, weights: &Packed, name: &str) -> Result<Self, PackedError> {
        Ok(Self {
            weight: weights.vector(&format!("{name}.weight"), config.n_embd)?,
            bias: weights.vector(&format!("{name}.bias"), config.n_embd)?,
            width: config.n_embd,
            epsilon: config.layer_norm_epsilon as f32,
        })
    }

    fn forward(&self, kernels: kernels::Kernels, x: PanelRow<'_>, out: &mut [f32]) {
        let norm =
            kernels::LayerNorm { weight: &self.weight, bias: &self.bias, width: self.width, epsilon: self.epsilon };
        kernels.layer_norm(&norm, x, out);
    }
}

impl Output {
    /// Those of a segment's rows that are asked for.
    fn of(self, rows: Range<usize>) -> Range<usize> {
        match self {
            Self::Nothing => rows.end..rows.end,
            Self::Last => rows.end - 1..rows.end,
            Self::All => rows,
        }
    }
}

/// Writes one row of the logits, freed of what fills up the last panel.
fn read(panels: &Panels, vocab_size: usize, row: usize, logits: &mut Vec<f32>) {
    logits.resize(vocab_size.next_multiple_of(TILE), 0.0);
    copy(panels.row(row), logits);
    logits.truncate(vocab_size);
}

fn copy(row: PanelRow<'_>, out: &mut [f32]) {
    for (out, piece) in out.as_chunks_mut::<TILE>().0.iter_mut().zip(row.pieces()) {
        *out = *piece;
    }
}
