//! Keys and values of one sequence, in room that is reserved once and never moved. Knows no attention.

use crate::config::ModelConfig;

/// The past of one sequence.
pub struct KvCache {
    layers: Vec<Layer>,
    dim: usize,
    capacity: usize,
    len: usize,
}

struct Layer {
    /// (H, capacity, D)
    keys: Vec<f32>,
    /// (H, capacity, D)
    values: Vec<f32>,
}

impl KvCache {
    /// Room for `capacity` tokens.
    #[must_use]
    pub fn new(config: &ModelConfig, capacity: usize) -> Self {
        // Zeroed memory comes from the system untouched, so room that is never filled costs nothing.
        let layer = || Layer { keys: vec![0.0; capacity * config.n_embd], values: vec![0.0; capacity * config.n_embd] };
        let layers = (0..config.n_layer).map(|_| layer()).collect();
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

    /// Writes one token's key and value (C each) of `layer`, `ahead` tokens after the last one.
    pub(super) fn write(&mut self, layer: usize, ahead: usize, key: &[f32], value: &[f32]) {
        let at = self.len + ahead;
        let Layer { keys, values } = &mut self.layers[layer];
        for (head, (key, value)) in key.chunks_exact(self.dim).zip(value.chunks_exact(self.dim)).enumerate() {
            let begin = (head * self.capacity + at) * self.dim;
            keys[begin..begin + self.dim].copy_from_slice(key);
            values[begin..begin + self.dim].copy_from_slice(value);
        }
    }

    /// Keys and values (T, D each) of one head's first `tokens` tokens, of which some may be ahead of the last one.
    pub(super) fn past(&self, layer: usize, head: usize, tokens: usize) -> (&[f32], &[f32]) {
        let begin = head * self.capacity * self.dim;
        let span = begin..begin + tokens * self.dim;
        (&self.layers[layer].keys[span.clone()], &self.layers[layer].values[span])
    }

    /// Takes in tokens that were written ahead.
    pub(super) fn advance(&mut self, tokens: usize) {
        self.len += tokens;
    }
}
