//! GPT-2 (Radford et al. 2019), as `GPT2LMHeadModel` has it: embeddings, blocks of attention and feed-forward layers with
//! layer norm before each, a layer norm, and an output layer that is usually the token table.

use candle_core::{Result, Tensor};
use maskarad_engine::ModelConfig;

use super::super::learner::{Batch, TrainError};
use super::adapter::{Adapted, LoraConfig, Maker};
use super::ops::Weight;
use super::ops::activation::Activation;
use super::ops::attention::Attention;
use super::ops::cross_entropy::{Loss, cross_entropy};
use super::ops::dropout::Dropout;
use super::ops::embedding::Embedding;
use super::ops::layer_norm::LayerNorm;
use super::ops::linear::{Linear, Order};
use super::parameters::Parameters;
use super::weights::Base;

/// The model.
#[derive(Debug)]
pub(super) struct Network {
    config: ModelConfig,
    embedding: Embedding,
    blocks: Vec<Block>,
    ln_f: LayerNorm,
    /// (V, C)
    head: Weight,
}

#[derive(Debug)]
struct Block {
    ln_1: LayerNorm,
    c_attn: Adapted,
    attn_c_proj: Adapted,
    ln_2: LayerNorm,
    c_fc: Adapted,
    mlp_c_proj: Adapted,
}

/// Dropout of one pass.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dropouts {
    pub(super) key: u64,
    pub(super) probability: f32,
}

/// How a batch goes through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass {
    /// None when evaluating.
    pub(super) dropouts: Option<Dropouts>,
    /// What gradients are multiplied with; none are made where absent.
    pub(super) scale: Option<f32>,
}

impl Pass {
    /// Without dropout and gradients.
    const EVALUATION: Self = Self { dropouts: None, scale: None };

    /// The dropout of a site: sites are numbered through the model.
    pub(super) fn dropout(&self, site: usize, probability: Option<f32>) -> Option<Dropout> {
        let dropouts = self.dropouts?;
        let probability = probability.unwrap_or(dropouts.probability);
        let key = (dropouts.key ^ (site as u64 + 1).wrapping_mul(0xd6e8_feb8_6659_fd93)).rotate_left(29);
        (probability > 0.0).then_some(Dropout { probability, key })
    }
}

/// Sites of dropout in a block; adapters have theirs behind them.
const SITES: usize = 8;

impl Network {
    /// The model of a checkpoint. All of it learns; or nothing but an adapter.
    pub(super) fn new(
        base: &Base,
        parameters: &mut Parameters,
        lora: Option<(&LoraConfig, u64)>,
    ) -> std::result::Result<Self, TrainError> {
        let config = base.config.clone();
        let width = config.n_embd;
        let mut maker = Maker::new(base, parameters, lora);
        let embedding = Embedding {
            tokens: maker.weight("wte.weight", &[config.vocab_size, width])?,
            positions: maker.weight("wpe.weight", &[config.n_positions, width])?,
        };
        let blocks = (0..config.n_layer)
            .map(|layer| Block::new(&config, layer, &mut maker))
            .collect::<std::result::Result<_, _>>()?;
        let ln_f = layer_norm(&config, "ln_f", &mut maker)?;
        let head = match config.tie_word_embeddings {
            true => embedding.tokens.clone(),
            false => maker.weight("lm_head.weight", &[config.vocab_size, width])?,
        };
        maker.finish()?;
        Ok(Self { config, embedding, blocks, ln_f, head })
    }

    /// Adds a batch's gradients; returns its summed loss.
    pub(super) fn learn(&self, batch: &Batch, pass: Pass) -> Result<f64> {
        let hidden = self.hidden(&batch.ids, batch.columns, pass)?;
        let (loss, root) = cross_entropy(&hidden, &self.head, &shifted(batch), pass.scale)?;
        root.backward()?;
        Ok(loss.sum)
    }

    /// The loss of a batch, and how many labels it has.
    pub(super) fn evaluate(&self, batch: &Batch) -> Result<(Loss, usize)> {
        let labels = shifted(batch);
        let hidden = self.hidden(&batch.ids, batch.columns, Pass::EVALUATION)?.detach();
        let (loss, _) = cross_entropy(&hidden, &Weight { gradient: None, ..self.head.clone() }, &labels, None)?;
        Ok((loss, labels.iter().flatten().count()))
    }

    /// Logits (B·T, V).
    pub(super) fn logits(&self, ids: &[u32], columns: usize) -> Result<Vec<f32>> {
        let hidden = self.hidden(ids, columns, Pass::EVALUATION)?.detach();
        let head = Linear { weight: Weight { gradient: None, ..self.head.clone() }, order: Order::OutIn, bias: None };
        head.forward(&hidden)?.flatten_all()?.to_vec1()
    }

    /// What the output layer is given, (B, T, C).
    fn hidden(&self, ids: &[u32], columns: usize, pass: Pass) -> Result<Tensor> {
        let x = self.embedding.forward(ids, columns)?;
        let mut x = Dropout::apply(pass.dropout(0, None), x)?;
        for (layer, block) in self.blocks.iter().enumerate() {
            x = block.forward(x, (&self.config, layer), pass)?;
        }
        self.ln_f.forward(&x)
    }
}

impl Block {
    fn new(config: &ModelConfig, layer: usize, maker: &mut Maker<'_>) -> std::result::Result<Self, TrainError> {
        let (width, inner) = (config.n_embd, config.n_inner);
        let name = |part: &str| format!("h.{layer}.{part}");
        Ok(Self {
            ln_1: layer_norm(config, &name("ln_1"), maker)?,
            c_attn: maker.linear(&name("attn.c_attn"), width, 3 * width)?,
            attn_c_proj: maker.linear(&name("attn.c_proj"), width, width)?,
            ln_2: layer_norm(config, &name("ln_2"), maker)?,
            c_fc: maker.linear(&name("mlp.c_fc"), width, inner)?,
            mlp_c_proj: maker.linear(&name("mlp.c_proj"), inner, width)?,
        })
    }

    /// Adds attention and the feed-forward layer to the residual stream `x` (B, T, C).
    fn forward(&self, x: Tensor, (config, layer): (&ModelConfig, usize), pass: Pass) -> Result<Tensor> {
        let site = |number: usize| 1 + layer * SITES + number;
        let dropout = |number: usize| pass.dropout(site(number), None);
        let attention = Attention { heads: config.n_head, scale: config.attention_scale(layer), dropout: dropout(0) };
        let qkv = self.c_attn.forward(&self.ln_1.forward(&x)?, pass, site(4))?; // (B, T, 3C)
        let heads = qkv.apply_op1(attention)?; // (B, T, C)
        let attended = self.attn_c_proj.forward(&heads, pass, site(5))?;
        let x = (x + Dropout::apply(dropout(1), attended)?)?;

        let inner = self.c_fc.forward(&self.ln_2.forward(&x)?, pass, site(6))?; // (B, T, F)
        let inner = inner.apply_op1(Activation(config.activation))?;
        let fed = self.mlp_c_proj.forward(&inner, pass, site(7))?;
        x + Dropout::apply(dropout(2), fed)?
    }
}

fn layer_norm(config: &ModelConfig, name: &str, maker: &mut Maker<'_>) -> std::result::Result<LayerNorm, TrainError> {
    let shape = [config.n_embd];
    Ok(LayerNorm {
        weight: maker.weight(&format!("{name}.weight"), &shape)?,
        bias: maker.weight(&format!("{name}.bias"), &shape)?,
        epsilon: config.layer_norm_epsilon as f32,
    })
}

/// What each position should predict: the label of the next one in its row.
fn shifted(batch: &Batch) -> Vec<Option<u32>> {
    let next = |row: &[i64]| {
        let mut next: Vec<Option<u32>> = row.iter().skip(1).map(|label| u32::try_from(*label).ok()).collect();
        next.push(None);
        next
    };
    batch.labels.chunks(batch.columns.max(1)).flat_map(next).collect()
}
