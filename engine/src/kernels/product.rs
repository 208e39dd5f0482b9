//! Products of rows with tiles of weights. Each output is summed up input by input, block by block, in one order,
//! whatever rows and tiles are computed beside it: a row's result never depends on its company.

use half::f16;

use super::lanes::{Dot, Lanes};
use super::rows::Group;
use super::tiles::{GROUP_BYTES, SCALES_BYTES, TILE};

/// How far ahead of the weights in use memory is asked for more.
const PREFETCH: usize = 4096;

/// Rows times 8-bit tiles.
pub(crate) struct Int8<'a> {
    /// (N, groups)
    pub(crate) x: &'a [Group],
    /// Groups of a row.
    pub(crate) groups: usize,
    /// Some tiles, one after another.
    pub(crate) tiles: &'a [u8],
    pub(crate) finish: Finish<'a>,
}

/// Rows times f32 tiles.
pub(crate) struct F32<'a> {
    /// (N, stride)
    pub(crate) x: &'a [f32],
    /// Values from one row to the next.
    pub(crate) stride: usize,
    /// Values of a row.
    pub(crate) inputs: usize,
    /// Some tiles (inputs, 16), one after another.
    pub(crate) tiles: &'a [f32],
    pub(crate) finish: Finish<'a>,
}

/// What becomes of the sums.
#[derive(Clone, Copy)]
pub(crate) struct Finish<'a> {
    /// 16 a tile; nothing is added where it is empty.
    pub(crate) bias: &'a [f32],
    /// Whether they are added to what is there.
    pub(crate) accumulate: bool,
}

impl Finish<'_> {
    #[inline(always)]
    fn store<L: Lanes>(&self, tile: usize, sums: L, out: &mut [f32; TILE]) {
        let mut sums = sums;
        if let Some(bias) = self.bias.as_chunks::<TILE>().0.get(tile) {
            sums = sums.add(L::load(bias));
        }
        if self.accumulate {
            sums = sums.add(L::load(out));
        }
        sums.store(out);
    }
}

/// Writes, or adds, to `out` (tiles, N, 16).
#[inline(always)]
pub(super) fn int8<L: Dot>(product: &Int8<'_>, out: &mut [[f32; TILE]]) {
    let rows = product.x.len() / product.groups;
    let tile_bytes = product.groups * GROUP_BYTES;
    let tiles = product.tiles.chunks_exact(tile_bytes).zip(out.chunks_exact_mut(rows));
    for (index, (tile, out)) in tiles.enumerate() {
        let mut row = 0;
        while row < rows {
            let (x, out) = (&product.x[row * product.groups..], &mut out[row..]);
            row += match rows - row {
                8.. => int8_rows::<L, 8>(product, (index, tile), x, out),
                4.. => int8_rows::<L, 4>(product, (index, tile), x, out),
                2.. => int8_rows::<L, 2>(product, (index, tile), x, out),
                _ => int8_rows::<L, 1>(product, (index, tile), x, out),
            };
        }
    }
}

/// One tile and the first `R` rows.
#[inline(always)]
fn int8_rows<L: Dot, const R: usize>(
    product: &Int8<'_>,
    (index, tile): (usize, &[u8]),
    x: &[Group],
    out: &mut [[f32; TILE]],
) -> usize {
    let groups = product.groups;
    let mut totals = [L::splat(0.0); R];
    for (at, group) in tile.as_chunks::<GROUP_BYTES>().0.iter().enumerate() {
        for line in 0..GROUP_BYTES / 64 {
            L::prefetch(group.as_ptr().wrapping_add(PREFETCH + 64 * line));
        }
        let mut inputs = [&Group::ZERO; R];
        for (row, input) in inputs.iter_mut().enumerate() {
            *input = &x[row * groups + at];
        }
        let (scales, bytes) = group.split_at(SCALES_BYTES);
        let scales: &[f16] = bytemuck::cast_slice(scales);
        let (scales, quads) = (scales.as_chunks::<TILE>().0, bytes.as_chunks::<{ 4 * TILE }>().0);
        for half in 0..2 {
            let scale = L::load_half(&scales[half]);
            let mut sums = [L::begin(0); R];
            for row in 0..R {
                sums[row] = L::begin(inputs[row].sums[half]);
            }
            for quad in 8 * half..8 * half + 8 {
                let weights = L::weights(&quads[quad]);
                for row in 0..R {
                    sums[row] = L::dot(sums[row], weights, inputs[row].bytes.as_chunks::<4>().0[quad]);
                }
            }
            for row in 0..R {
                let factor = scale.mul(L::splat(inputs[row].scales[half]));
                totals[row] = L::floats(sums[row]).mul_add(factor, totals[row]);
            }
        }
    }
    for row in 0..R {
        product.finish.store(index, totals[row], &mut out[row]);
    }
    R
}

/// Writes, or adds, to `out` (tiles, N, 16).
#[inline(always)]
pub(super) fn f32<L: Dot>(product: &F32<'_>, out: &mut [[f32; TILE]]) {
    let rows = product.x.len() / product.stride;
    let tiles = product.tiles.chunks_exact(product.inputs * TILE).zip(out.chunks_exact_mut(rows));
    for (index, (tile, out)) in tiles.enumerate() {
        let mut row = 0;
        while row < rows {
            let (x, out) = (&product.x[row * product.stride..], &mut out[row..]);
            row += match rows - row {
                8.. => f32_rows::<L, 8>(product, (index, tile), x, out),
                4.. => f32_rows::<L, 4>(product, (index, tile), x, out),
                2.. => f32_rows::<L, 2>(product, (index, tile), x, out),
                _ => f32_rows::<L, 1>(product, (index, tile), x, out),
            };
        }
    }
}

/// One tile and the first `R` rows.
#[inline(always)]
fn f32_rows<L: Dot, const R: usize>(
    product: &F32<'_>,
    (index, tile): (usize, &[f32]),
    x: &[f32],
    out: &mut [[f32; TILE]],
) -> usize {
    let mut inputs: [&[f32]; R] = [&[]; R];
    for (row, input) in inputs.iter_mut().enumerate() {
        *input = &x[row * product.stride..][..product.inputs];
    }
    let mut totals = [L::splat(0.0); R];
    for (at, weights) in tile.as_chunks::<TILE>().0.iter().enumerate() {
        L::prefetch(weights.as_ptr().cast::<u8>().wrapping_add(PREFETCH));
        let weights = L::load(weights);
        for row in 0..R {
            totals[row] = weights.mul_add(L::splat(inputs[row][at]), totals[row]);
        }
    }
    for row in 0..R {
        product.finish.store(index, totals[row], &mut out[row]);
    }
    R
}
