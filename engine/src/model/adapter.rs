//! Low-rank adapters (Hu et al., 2021) on a shared base: beside `y = x · W + b` a linear layer adds `x · A · B · scale`
//! for the rows whose sequence wears an adapter. The base's weights stay as they are, and serve everybody.
//! Knows no files.
//!
//! Letters in shapes: N rows of the batch, R rank.

use std::ops::Range;
use std::sync::Arc;

use super::panels::Rows;
use super::{Compute, Segment};
use crate::kernels::tiles::{TILE, f32_tile_values, pack_f32};
use crate::kernels::{F32, Finish, Kernels};

/// Rows that a thread takes at a time: as many as the kernel computes at once.
const ROWS_PER_TASK: usize = 8;

/// A linear layer of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Site {
    CAttn,
    AttnCProj,
    CFc,
    MlpCProj,
}

impl Site {
    pub(crate) const ALL: [Self; 4] = [Self::CAttn, Self::AttnCProj, Self::CFc, Self::MlpCProj];

    /// Its name within a block.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CAttn => "attn.c_attn",
            Self::AttnCProj => "attn.c_proj",
            Self::CFc => "mlp.c_fc",
            Self::MlpCProj => "mlp.c_proj",
        }
    }
}

/// What one persona adds to a base.
pub(crate) struct Adapter {
    id: [u8; 32],
    /// Block by block, in the order of [`Site::ALL`].
    blocks: Vec<[Option<Pair>; 4]>,
}

/// The two factors of what is added to one linear layer.
pub(crate) struct Pair {
    inputs: usize,
    rank: usize,
    /// A, as tiles of 16 ranks.
    down: Vec<f32>,
    /// B · scale, as tiles of 16 outputs.
    up: Vec<f32>,
}

impl Adapter {
    /// The adapter whose files have this hash.
    pub(crate) fn new(id: [u8; 32], blocks: Vec<[Option<Pair>; 4]>) -> Self {
        Self { id, blocks }
    }

    pub(crate) fn id(&self) -> [u8; 32] {
        self.id
    }

    /// Bytes of its weights.
    pub(crate) fn memory(&self) -> usize {
        self.blocks.iter().flatten().flatten().map(|pair| size_of_val(&pair.down[..]) + size_of_val(&pair.up[..])).sum()
    }

    fn pair(&self, layer: usize, site: Site) -> Option<&Pair> {
        self.blocks.get(layer)?[site as usize].as_ref()
    }
}

impl Pair {
    /// Packs A (R, in) and B · scale (out, R).
    pub(crate) fn new(a: &[f32], b: &[f32], rank: usize) -> Self {
        Self { inputs: a.len() / rank, rank, down: pack(a, a.len() / rank), up: pack(b, rank) }
    }

    /// Values of a row of `x · A`, filled up.
    fn stride(&self) -> usize {
        self.rank.next_multiple_of(TILE)
    }

    /// Some rows of `x` (rows, in up to a multiple of 16) times A, into `out` (rows, R up to a multiple of 16).
    fn lower(&self, kernels: Kernels, x: &[f32], out: &mut [f32]) {
        let (count, stride) = (out.len() / self.stride(), self.inputs.next_multiple_of(TILE));
        let mut panel = [[0.0; TILE]; ROWS_PER_TASK];
        let finish = Finish { bias: &[], accumulate: false };
        for (index, tiles) in self.down.chunks_exact(f32_tile_values(self.inputs)).enumerate() {
            kernels.f32(&F32 { x, stride, inputs: self.inputs, tiles, finish }, &mut panel[..count]);
            for (row, values) in out.chunks_exact_mut(self.stride()).zip(&panel) {
                row[index * TILE..][..TILE].copy_from_slice(values);
            }
        }
    }
}

/// Packs a matrix (outputs, inputs).
fn pack(weights: &[f32], inputs: usize) -> Vec<f32> {
    let tile = f32_tile_values(inputs);
    let mut tiles = vec![0.0; weights.len().div_ceil(tile) * tile];
    for (tile, weights) in tiles.chunks_exact_mut(tile).zip(weights.chunks(tile)) {
        pack_f32(weights, 0..inputs, tile);
    }
    tiles
}

/// Neighbouring rows that wear the same adapter.
pub(super) struct Span {
    rows: Range<usize>,
    adapter: Arc<Adapter>,
}

/// The rows that wear adapters, counted among those of `chosen`, of which each segment has some.
pub(super) fn spans(batch: &[Segment<'_>], chosen: &[Range<usize>]) -> Vec<Span> {
    let (mut spans, mut end): (Vec<Span>, usize) = (Vec::new(), 0);
    for (segment, chosen) in batch.iter().zip(chosen) {
        let rows = end..end + chosen.len();
        end = rows.end;
        let Some(adapter) = segment.adapter.as_ref().filter(|_| !rows.is_empty()) else { continue };
        match spans.last_mut().filter(|last| last.rows.end == rows.start && Arc::ptr_eq(&last.adapter, adapter)) {
            Some(last) => last.rows.end = rows.end,
            None => spans.push(Span { rows, adapter: Arc::clone(adapter) }),
        }
    }
    spans
}

/// What is to be added to some rows of one linear layer's result.
pub(super) struct Lowered<'a> {
    pair: &'a Pair,
    rows: Range<usize>,
    /// Their `x · A` (rows, R up to a multiple of 16).
    hidden: Vec<f32>,
}

/// Rows of `x`, whose floats are there, times A of each span that has something to add to this layer.
pub(super) fn lower<'a>(
    compute: &mut Compute,
    x: &Rows,
    (spans, layer, site): (&'a [Span], usize, Site),
) -> Vec<Lowered<'a>> {
    let worn = spans.iter().filter_map(|span| Some((span, span.adapter.pair(layer, site)?)));
    let lowered = worn.map(|(Span { rows, .. }, pair)| {
        let hidden = vec![0.0; rows.len() * pair.stride()];
        Lowered { pair, rows: rows.clone(), hidden }
    });
    let mut lowered: Vec<_> = lowered.collect();
    let kernels = compute.kernels;
    let mut tasks: Vec<_> = lowered.iter_mut().flat_map(|part| part.tasks(x)).collect();
    compute.pool.for_each(&mut tasks, |(pair, x, out)| pair.lower(kernels, x, out));
    lowered
}

impl Lowered<'_> {
    /// Its rows, some at a time: the pair, their values of `x`, and where their hidden values go.
    fn tasks<'a>(&'a mut self, x: &'a Rows) -> impl Iterator<Item = (&'a Pair, &'a [f32], &'a mut [f32])> {
        let (pair, stride) = (self.pair, x.inputs.next_multiple_of(TILE));
        let x = &x.floats[self.rows.start * stride..self.rows.end * stride];
        let hidden = self.hidden.chunks_mut(ROWS_PER_TASK * pair.stride());
        x.chunks(ROWS_PER_TASK * stride).zip(hidden).map(move |(x, hidden)| (pair, x, hidden))
    }

    /// Adds `hidden · B · scale` to its rows of `out` (tiles, N, 16), whose first tile is the `first` of the layer.
    pub(super) fn raise(&self, kernels: Kernels, (first, rows): (usize, usize), out: &mut [[f32; TILE]]) {
        let (inputs, stride) = (self.pair.rank, self.pair.stride());
        let finish = Finish { bias: &[], accumulate: true };
        let tiles = self.pair.up.chunks_exact(f32_tile_values(inputs)).skip(first);
        for (tiles, out) in tiles.zip(out.chunks_exact_mut(rows)) {
            kernels.f32(&F32 { x: &self.hidden, stride, inputs, tiles, finish }, &mut out[self.rows.clone()]);
        }
    }
}
