//! Which tensors make a GPT-2, under which names and in which shapes, and how they become its layers.

use candle_core::Tensor;

use super::error::LoadError;
use super::tensors::Tensors;
use crate::config::ModelConfig;
use crate::key::Precision;
use crate::model::{Block, Gpt2, LayerNorm, Linear, TokenTable};

const HEAD: &str = "lm_head.weight";

/// Builds the model and checks that no tensor is left over.
pub(super) fn build(config: ModelConfig, tensors: Tensors, precision: Precision) -> Result<Gpt2, LoadError> {
    let mut builder = Builder { config, tensors, precision };
    let (tokens, head) = builder.token_table()?;
    let (width, places) = (builder.config.n_embd, builder.config.n_positions);
    let positions = builder.tensors.take("wpe.weight", &[places, width])?;
    let blocks = (0..builder.config.n_layer).map(|layer| builder.block(layer)).collect::<Result<Vec<_>, _>>()?;
    let ln_f = builder.layer_norm("ln_f")?;
    builder.tensors.finish()?;
    Ok(Gpt2 { config: builder.config, tokens, positions, blocks, ln_f, head })
}

struct Builder {
    config: ModelConfig,
    tensors: Tensors,
    precision: Precision,
}

impl Builder {
    /// The token table, and the output layer, which is the same where they are tied.
    fn token_table(&mut self) -> Result<(TokenTable, Linear), LoadError> {
        let shape = [self.config.vocab_size, self.config.n_embd];
        let weight = self.tensors.take("wte.weight", &shape)?; // (V, C)
        if !self.config.tie_word_embeddings {
            let head = self.tensors.take(HEAD, &shape)?; // (V, C)
            let head = TokenTable::new(HEAD, head, self.precision)?.as_head()?;
            return Ok((TokenTable::new("wte.weight", weight, self.precision)?, head));
        }
        // Many tied checkpoints carry the table a second time. Were it another one, transformers would not tie either.
        if self.tensors.has(HEAD) && !equal(&self.tensors.take(HEAD, &shape)?, &weight)? {
            return Err(self.tensors.not_tied(HEAD));
        }
        let table = TokenTable::new("wte.weight", weight, self.precision)?;
        let head = table.as_head()?;
        Ok((table, head))
    }

    fn block(&mut self, layer: usize) -> Result<Block, LoadError> {
        let (width, inner) = (self.config.n_embd, self.config.n_inner);
        let name = |part: &str| format!("h.{layer}.{part}");
        Ok(Block {
            ln_1: self.layer_norm(&name("ln_1"))?,
            c_attn: self.linear(&name("attn.c_attn"), width, 3 * width)?,
            attn_c_proj: self.linear(&name("attn.c_proj"), width, width)?,
            ln_2: self.layer_norm(&name("ln_2"))?,
            c_fc: self.linear(&name("mlp.c_fc"), width, inner)?,
            mlp_c_proj: self.linear(&name("mlp.c_proj"), inner, width)?,
        })
    }

    fn layer_norm(&mut self, name: &str) -> Result<LayerNorm, LoadError> {
        let shape = [self.config.n_embd];
        Ok(LayerNorm {
            weight: self.tensors.take(&format!("{name}.weight"), &shape)?,
            bias: self.tensors.take(&format!("{name}.bias"), &shape)?,
            epsilon: self.config.layer_norm_epsilon as f32,
        })
    }

    fn linear(&mut self, name: &str, inputs: usize, outputs: usize) -> Result<Linear, LoadError> {
        let weight = self.tensors.take(&format!("{name}.weight"), &[inputs, outputs])?; // (in, out)
        let bias = self.tensors.take(&format!("{name}.bias"), &[outputs])?; // (out)
        Ok(Linear::new(name, weight, Some(bias), self.precision)?)
    }
}

fn equal(a: &Tensor, b: &Tensor) -> Result<bool, LoadError> {
    Ok(a.flatten_all()?.to_vec1::<f32>()? == b.flatten_all()?.to_vec1::<f32>()?)
}
