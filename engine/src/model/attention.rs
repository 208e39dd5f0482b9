//! Causal self-attention over a ragged batch: every row looks at its own sequence's past only.

use std::ops::Range;

use crate::config::ModelConfig;
use crate::kernels::{Element, Head, Kernels, Past, Scratch};

use super::kv::HeadPast;
use super::panels::Panels;
use super::{Compute, Segment};

/// Shares of the work that each thread should find, at least.
const TASKS_PER_THREAD: usize = 6;

/// Working space of a thread.
#[derive(Default)]
struct Room {
    key: Vec<f32>,
    value: Vec<f32>,
    queries: Vec<f32>,
    scratch: Scratch,
}

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

/// The outputs of all heads, segment by segment: (H, rows of the segment, D).
#[derive(Default)]
pub(super) struct Heads {
    values: Vec<f32>,
    /// Of each row: where its first head is, and how far it is from there to the next.
    places: Vec<(usize, usize)>,
    dim: usize,
}

impl Heads {
    fn resize(&mut self, wanted: &[Range<usize>], heads: usize, dim: usize) {
        self.places.clear();
        self.dim = dim;
        let mut begin = 0;
        for rows in wanted {
            self.places.extend((0..rows.len()).map(|row| (begin + row * dim, rows.len() * dim)));
            begin += heads * rows.len() * dim;
        }
        self.values.resize(begin, 0.0);
    }

    /// Writes one row (H · D) into `out`.
    pub(super) fn read(&self, row: usize, out: &mut [f32]) {
        let (begin, step) = self.places[row];
        for (head, out) in out.chunks_mut(self.dim).enumerate() {
            out.copy_from_slice(&self.values[begin + head * step..][..self.dim]);
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
    out.resize(wanted, config.n_head, dim);
    let mut tasks = tasks(batch, (layer, config.n_head, dim), wanted, &mut out.values);
    let kernels = compute.kernels;
    let together = tasks.len().div_ceil(compute.pool.threads() * TASKS_PER_THREAD);
    compute.pool.chunks(&mut tasks, together, |_, tasks| {
        let mut room = Room::default();
        for Task { past, place } in tasks {
            match past {
                HeadPast::Half(past) => run(kernels, (past, place), qkv, (dim, scale, &mut room)),
                HeadPast::Full(past) => run(kernels, (past, place), qkv, (dim, scale, &mut room)),
            }
        }
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
    let mut tasks = Vec::with_capacity(heads * batch.len());
    // Segment by segment, since the heads of a sequence lie one after another in memory.
    for (segment, wanted) in batch.iter_mut().zip(wanted) {
        let rows = begin..begin + segment.tokens.len();
        begin = rows.end;
        let len = segment.cache.len();
        for (head, past) in segment.cache.heads(layer).enumerate() {
            let (own, rest) = std::mem::take(&mut out).split_at_mut(wanted.len() * dim);
            out = rest;
            let place = Place { len, rows: rows.clone(), wanted: wanted.clone(), head, width, out: own };
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
    (dim, scale, room): (usize, f32, &mut Room),
) {
    let Place { len, rows, wanted, head, width, out } = place;
    let Room { key, value, queries, scratch } = room;
    key.resize(dim, 0.0);
    value.resize(dim, 0.0);
    for (ahead, row) in rows.clone().enumerate() {
        qkv.read(row, *width + *head * dim, key);
        qkv.read(row, 2 * *width + *head * dim, value);
        kernels.remember(past, *len + ahead, key, value);
    }
    if wanted.start == wanted.end {
        return;
    }
    queries.resize(wanted.len() * dim, 0.0);
    for (query, row) in queries.chunks_exact_mut(dim).zip(wanted.clone()) {
        qkv.read(row, *head * dim, query);
    }
    let visible = *len + wanted.start - rows.start + 1;
    let head = Head { queries, dim, scale, keys: past.keys, values: past.values, visible, out };
    kernels.attend(head, scratch);
}
