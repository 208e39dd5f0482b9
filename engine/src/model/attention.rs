//! Causal self-attention over a ragged batch: every row looks at its own sequence's past only.

use std::ops::Range;

use crate::config::ModelConfig;
use crate::kernels::{Element, Head, Kernels, Past, Scratch};

use super::kv::HeadPast;
use super::panels::Panels;
use super::{Compute, Segment};

/// One head of one segment.
struct Task<'a> {
    past: HeadPast<'a>,
    place: Place<'a>,
}

/// Where a task finds its rows, and where its results go.
struct Place<'a> {
    /// Tokens before the segment.
    len: usize,
    /// The segment's rows of the batch.
    rows: Range<usize>,
    /// Those of them that are asked for.
    wanted: Range<usize>,
    head: usize,
    /// C
    width: usize,
    /// (wanted rows, D)
    out: &'a mut [f32],
}

/// The outputs of all heads: (H, N, D).
#[derive(Default)]
pub(super) struct Heads {
    values: Vec<f32>,
    rows: usize,
    dim: usize,
}

impl Heads {
    /// Writes one row (H · D) into `out`.
    pub(super) fn read(&self, row: usize, out: &mut [f32]) {
        let heads = self.values.chunks_exact(self.rows * self.dim);
        for (out, head) in out.chunks_mut(self.dim).zip(heads) {
            out.copy_from_slice(&head[row * self.dim..][..self.dim]);
        }
    }
}

/// Puts the keys and values of `qkv` (N, 3C) into the caches, ahead of their ends, and lets the rows of each segment
/// that `wanted` names (counted within the batch) look at their past.
pub(super) fn forward(
    compute: &mut Compute,
    (config, layer): (&ModelConfig, usize),
    (qkv, batch, wanted): (&Panels, &mut [Segment<'_>], &[Range<usize>]),
    out: &mut Heads,
) {
    let (dim, scale) = (config.head_dim(), config.attention_scale(layer));
    out.rows = wanted.iter().map(Range::len).sum();
    out.dim = dim;
    out.values.resize(config.n_head * out.rows * dim, 0.0);
    let mut tasks = tasks(batch, (layer, config.n_head, dim), wanted, &mut out.values);
    let kernels = compute.kernels;
    compute.pool.for_each(&mut tasks, |Task { past, place }| match past {
        HeadPast::Half(past) => run(kernels, (past, place), qkv, (dim, scale)),
        HeadPast::Full(past) => run(kernels, (past, place), qkv, (dim, scale)),
    });
}

/// All heads of all segments, each with its part of `out`.
fn tasks<'a>(
    batch: &'a mut [Segment<'_>],
    (layer, heads, dim): (usize, usize, usize),
    wanted: &[Range<usize>],
    mut out: &'a mut [f32],
) -> Vec<Task<'a>> {
    let width = heads * dim;
    let mut begin = 0;
    let mut segments = Vec::with_capacity(batch.len());
    for segment in batch {
        let rows = begin..begin + segment.tokens.len();
        begin = rows.end;
        segments.push((segment.cache.len(), rows, segment.cache.heads(layer)));
    }
    let mut tasks = Vec::with_capacity(heads * segments.len());
    for head in 0..heads {
        for ((len, rows, pasts), wanted) in segments.iter_mut().zip(wanted) {
            let Some(past) = pasts.next() else { continue };
            let (own, rest) = std::mem::take(&mut out).split_at_mut(wanted.len() * dim);
            out = rest;
            let place = Place { len: *len, rows: rows.clone(), wanted: wanted.clone(), head, width, out: own };
            tasks.push(Task { past, place });
        }
    }
    tasks
}

/// Remembers the segment's tokens, then lets the wanted rows look at all there are.
fn run<E: Element>(
    kernels: Kernels,
    (past, place): (&mut Past<'_, E>, &mut Place<'_>),
    qkv: &Panels,
    (dim, scale): (usize, f32),
) {
    let Place { len, rows, wanted, head, width, out } = place;
    let (mut key, mut value) = (vec![0.0; dim], vec![0.0; dim]);
    for (ahead, row) in rows.clone().enumerate() {
        qkv.read(row, *width + *head * dim, &mut key);
        qkv.read(row, 2 * *width + *head * dim, &mut value);
        kernels.remember(past, *len + ahead, &key, &value);
    }
    if wanted.start == wanted.end {
        return;
    }
    let mut queries = vec![0.0; wanted.len() * dim];
    for (query, row) in queries.chunks_exact_mut(dim).zip(wanted.clone()) {
        qkv.read(row, *head * dim, query);
    }
    let visible = *len + wanted.start - rows.start + 1;
    let head = Head { queries: &queries, dim, scale, keys: past.keys, values: past.values, visible, out };
    kernels.attend(head, &mut Scratch::default());
}
