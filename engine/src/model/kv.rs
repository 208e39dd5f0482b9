//! Keys and values of one sequence, in room that is reserved once and never moved: in f16 beside 8-bit weights, in f32
//! beside those of the reference. Knows no attention; the layout within a head is that of `kernels/attention.rs`.

use half::f16;

use crate::config::ModelConfig;
use crate::kernels::tiles::TILE;
use crate::kernels::{Element, Past};
use crate::key::Precision;
use crate::region::Zeroed;

/// The past of one sequence.
pub struct KvCache {
    memory: Zeroed,
    precision: Precision,
    heads: usize,
    dim: usize,
    /// Tokens there is room for, a multiple of 16.
    capacity: usize,
    len: usize,
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
        Self::within(config, precision, capacity, Zeroed::new)
    }

    /// As [`KvCache::new`], in memory of so many bytes or more that `find` gives. What is in it doesn't matter.
    pub(super) fn within(
        config: &ModelConfig,
        precision: Precision,
        capacity: usize,
        find: impl FnOnce(usize) -> Zeroed,
    ) -> Self {
        let capacity = capacity.next_multiple_of(TILE);
        let memory = find(capacity * bytes_per_token(config, precision));
        Self { memory, precision, heads: config.n_head, dim: config.head_dim(), capacity, len: 0 }
    }

    /// Its memory, for another sequence.
    pub(crate) fn into_memory(self) -> Zeroed {
        self.memory
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
        let room = Room { heads: self.heads, dim: self.dim, capacity: self.capacity };
        match self.precision {
            Precision::Int8 => {
                Box::new(room.split(bytemuck::cast_slice_mut(&mut self.memory), layer).map(HeadPast::Half))
            }
            Precision::F32 => {
                Box::new(room.split(bytemuck::cast_slice_mut(&mut self.memory), layer).map(HeadPast::Full))
            }
        }
    }

    /// Takes in tokens that were written ahead.
    pub(super) fn advance(&mut self, tokens: usize) {
        self.len += tokens;
    }
}

/// How a cache's memory is divided: layer by layer, first the keys (H, capacity / 16, D, 16), then the values
/// (H, capacity, D / 16, 16).
struct Room {
    heads: usize,
    dim: usize,
    capacity: usize,
}

impl Room {
    /// The pasts of one layer's heads.
    fn split<E: Element>(self, memory: &mut [[E; TILE]], layer: usize) -> impl Iterator<Item = Past<'_, E>> {
        let keys = self.capacity / TILE * self.dim;
        let values = self.capacity * self.dim.div_ceil(TILE);
        let all = self.heads * (keys + values);
        let (all_keys, all_values) = memory[layer * all..][..all].split_at_mut(self.heads * keys);
        let pasts = all_keys.chunks_exact_mut(keys.max(1)).zip(all_values.chunks_exact_mut(values.max(1)));
        pasts.map(|(keys, values)| Past { keys, values })
    }
}
