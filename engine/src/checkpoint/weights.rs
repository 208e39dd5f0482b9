//! Throw-away: builds the old model from packed weights.
use crate::config::ModelConfig;
use crate::kernels::tiles::{self, TILE};
use crate::key::Precision;
use crate::model::{Block, Gpt2, LayerNorm, Linear, TokenTable};
use crate::packed::{Packed, PackedError, Weights};
use candle_core::{Device, Tensor};
impl Gpt2 {
    pub(crate) fn new(config: ModelConfig, packed: &Packed) -> Result<Self, PackedError> {
        let (c, f) = (config.n_embd, config.n_inner);
        let p = if matches!(packed.matrix("wte.weight", config.vocab_size, c)?.weights, Weights::F32(_)) {
            Precision::F32
        } else {
            Precision::Int8
        };
        let vector = |name: &str, width: usize| {
            packed.vector(name, width).map(|v| Tensor::from_vec(v[..width].to_vec(), width, &Device::Cpu).unwrap())
        };
        let norm = |name: &str| {
            Ok::<_, PackedError>(LayerNorm {
                weight: vector(&format!("{name}.weight"), c)?,
                bias: vector(&format!("{name}.bias"), c)?,
                epsilon: config.layer_norm_epsilon as f32,
            })
        };
        let matrix = |name: &str, outputs: usize, inputs: usize| {
            let m = packed.matrix(name, outputs, inputs)?;
            let mut all = Vec::new();
            for output in 0..outputs {
                let (tile, lane) = (output / TILE, output % TILE);
                match &m.weights {
                    Weights::F32(v) => {
                        all.extend(v[tile * TILE * inputs..][..TILE * inputs].chunks(TILE).map(|row| row[lane]))
                    }
                    Weights::Int8(b) => {
                        let size = tiles::int8_tile_bytes(inputs);
                        let mut w = vec![0.0; inputs];
                        tiles::unpack_int8(&b[tile * size..][..size], lane, &mut w);
                        all.extend(w);
                    }
                }
            }
            Ok::<_, PackedError>(Tensor::from_vec(all, (outputs, inputs), &Device::Cpu).unwrap())
        };
        let linear = |name: &str, inputs: usize, outputs: usize| {
            Ok::<_, PackedError>(
                Linear::new(
                    name,
                    matrix(&format!("{name}.weight"), outputs, inputs)?.t().unwrap(),
                    Some(vector(&format!("{name}.bias"), outputs)?),
                    p,
                )
                .unwrap(),
            )
        };
        let tokens = TokenTable::new("wte", matrix("wte.weight", config.vocab_size, c)?, p).unwrap();
        let head = if config.tie_word_embeddings {
            tokens.as_head().unwrap()
        } else {
            TokenTable::new("h", matrix("lm_head.weight", config.vocab_size, c)?, p).unwrap().as_head().unwrap()
        };
        let rows = packed.vectors("wpe.weight", config.n_positions, c)?;
        let positions: Vec<f32> = rows.chunks(c.next_multiple_of(16)).flat_map(|row| row[..c].to_vec()).collect();
        let positions = Tensor::from_vec(positions, (config.n_positions, c), &Device::Cpu).unwrap();
        let blocks = (0..config.n_layer)
            .map(|l| {
                let n = |part: &str| format!("h.{l}.{part}");
                Ok(Block {
                    ln_1: norm(&n("ln_1"))?,
                    c_attn: linear(&n("attn.c_attn"), c, 3 * c)?,
                    attn_c_proj: linear(&n("attn.c_proj"), c, c)?,
                    ln_2: norm(&n("ln_2"))?,
                    c_fc: linear(&n("mlp.c_fc"), c, f)?,
                    mlp_c_proj: linear(&n("mlp.c_proj"), f, c)?,
                })
            })
            .collect::<Result<Vec<_>, PackedError>>()?;
        let ln_f = norm("ln_f")?;
        Ok(Gpt2 { tokens, positions, blocks, ln_f, head, config })
    }
}
