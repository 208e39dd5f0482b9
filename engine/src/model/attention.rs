//! Causal self-attention over a ragged batch: every row looks at its own sequence's past only.

use candle_core::{Device, Result, Tensor, bail};
use rayon::prelude::*;

use super::{KvCache, Segment, ops};
use crate::config::ModelConfig;
use crate::kernels::{self, Head};

/// A row of the batch: whose it is, and how much of the past it sees, itself included.
struct Row<'a> {
    cache: &'a KvCache,
    visible: usize,
}

/// `qkv` (N, 3C) → (N, C). Writes keys and values into the caches, ahead of their ends.
pub(super) fn forward(qkv: &Tensor, config: &ModelConfig, layer: usize, batch: &mut [Segment<'_>]) -> Result<Tensor> {
    let (rows, width) = (qkv.dim(0)?, config.n_embd);
    if qkv.dim(1)? != 3 * width {
        bail!("c_attn gave {} values, expected {}", qkv.dim(1)?, 3 * width);
    }
    let mut out = vec![0.0; rows * width]; // (N, C)
    ops::read(qkv, |qkv| {
        remember(qkv, layer, batch);
        let rows: Vec<Row<'_>> = batch.iter().flat_map(rows_of).collect();
        let dim = config.head_dim();
        let scale = config.attention_scale(layer);
        // Each chunk of D values is one head of one row.
        out.par_chunks_mut(dim).enumerate().with_min_len(config.n_head.min(4)).for_each_init(
            Vec::new,
            |scores, (index, out)| {
                let (row, head) = (index / config.n_head, index % config.n_head);
                let query = &qkv[row * 3 * width + head * dim..][..dim];
                let (keys, values) = rows[row].cache.past(layer, head, rows[row].visible);
                kernels::attend(&Head { query, keys, values, scale }, scores, out);
            },
        );
    })?;
    Tensor::from_vec(out, (rows, width), &Device::Cpu)
}

/// Writes the keys and values of all rows (N, 3C) into their caches.
fn remember(qkv: &[f32], layer: usize, batch: &mut [Segment<'_>]) {
    let rows: usize = batch.iter().map(|segment| segment.tokens.len()).sum();
    let width = qkv.len() / rows.max(1) / 3;
    let mut qkv = qkv.chunks_exact(3 * width);
    for segment in batch {
        for (ahead, row) in qkv.by_ref().take(segment.tokens.len()).enumerate() {
            segment.cache.write(layer, ahead, &row[width..2 * width], &row[2 * width..]);
        }
    }
}

fn rows_of<'a>(segment: &'a Segment<'_>) -> impl Iterator<Item = Row<'a>> {
    let cache: &KvCache = segment.cache;
    let past = cache.len();
    (1..=segment.tokens.len()).map(move |ahead| Row { cache, visible: past + ahead })
}
