//! Keys and values of one sequence, in room that is reserved once and never moved: in f16 beside 8-bit weights, in f32
//! beside those of the reference. Knows no attention; the layout within a head is that of `kernels/attention.rs`.

use half::f16;

use crate::config::ModelConfig;
use crate::kernels::tiles::TILE;
use crate::kernels::{Element, Past};
use crate::key::Precision;

/// The past of one sequence.
pub struct KvCache {
    layers: Layers,
    dim: usize,
    /// Tokens there is room for, a multiple of 16.
    capacity: usize,
    len: usize,
}

enum Layers {
    Half(Vec<Layer<f16>>),
    Full(Vec<Layer<f32>>),
}

struct Layer<E> {
    /// (H, capacity / 16, D, 16)
    keys: Vec<[E; TILE]>,
    /// (H, capacity, D / 16, 16)
    values: Vec<[E; TILE]>,
}

/// The past of one head.
pub(super) enum HeadPast<'a> {
    Half(Past<'a, f16>),
    Full(Past<'a, f32>),
}

/// Bytes that a token's keys and values take beside weights of this precision. The values of a head fill whole sixteens.
pub(super) fn bytes_per_token(config: &ModelConfig, precision: Precision) -> usize {
    let element = match precision {
        Precision::Int8 => size_of::<f16>(),
        Precision::F32 => size_of::<f32>(),
    };
    let head = config.head_dim() + config.head_dim().next_multiple_of(TILE);
    config.n_layer * config.n_head * head * element
}

impl KvCache {
    /// Room for `capacity` tokens of a model whose weights have this precision.
    #[must_use]
    pub fn new(config: &ModelConfig, precision: Precision, capacity: usize) -> Self {
        let capacity = capacity.next_multiple_of(TILE);
        let layers = match precision {
            Precision::Int8 => Layers::Half(layers(config, capacity)),
            Precision::F32 => Layers::Full(layers(config, capacity)),
        };
        Self { layers, dim: config.head_dim(), capacity, len: 0 }
    }

    /// Tokens it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The pasts of all heads of a layer, with room for what is to come.
    pub(super) fn heads(&mut self, layer: usize) -> Box<dyn Iterator<Item = HeadPast<'_>> + '_> {
        let (dim, capacity) = (self.dim, self.capacity);
        match &mut self.layers {
            Layers::Half(layers) => Box::new(layers[layer].heads(dim, capacity).map(HeadPast::Half)),
            Layers::Full(layers) => Box::new(layers[layer].heads(dim, capacity).map(HeadPast::Full)),
        }
    }

    /// Takes in tokens that were written ahead.
    pub(super) fn advance(&mut self, tokens: usize) {
        self.len += tokens;
    }
}

impl<E: Element> Layer<E> {
    fn heads(&mut self, dim: usize, capacity: usize) -> impl Iterator<Item = Past<'_, E>> {
        let keys = self.keys.chunks_exact_mut((capacity / TILE * dim).max(1));
        let values = self.values.chunks_exact_mut((capacity * dim.div_ceil(TILE)).max(1));
        keys.zip(values).map(|(keys, values)| Past { keys, values })
    }
}

fn layers<E: Element>(config: &ModelConfig, capacity: usize) -> Vec<Layer<E>> {
    let dim = config.head_dim();
    // Zeroed memory comes from the system untouched, so room that is never filled costs nothing.
    let room = |pieces: usize| bytemuck::zeroed_vec(config.n_head * pieces);
    let layer = || Layer { keys: room(capacity / TILE * dim), values: room(capacity * dim.div_ceil(TILE)) };
    (0..config.n_layer).map(|_| layer()).collect()
}
