//! Products of rows with tiles of weights. Each output is summed up input by input, block by block, in one order,
//! whatever rows and tiles are computed beside it: a row's result never depends on its company.

use super::lanes::{Dot, Lanes};
use super::rows::Group;
use super::tiles::{self, GROUP, GROUP_BYTES, TILE};

/// How far ahead of the weights in use memory is asked for more.
pub(super) const PREFETCH: usize = 4096;

/// Rows times 8-bit tiles.
pub(crate) struct Int8<'a> {
    /// (N up to a multiple of 16, groups)
    pub(crate) x: &'a [Group],
    /// N
    pub(crate) rows: usize,
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
    pub(super) fn store<L: Lanes>(&self, tile: usize, sums: L, out: &mut [f32; TILE]) {
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
    let rows = product.rows;
    let tile_bytes = tiles::int8_tile_bytes(product.groups * GROUP);
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
    let (scales, weights) = tiles::parts(tile, groups);
    for (at, (scale, weights)) in scales.iter().zip(weights).enumerate() {
        for line in 0..GROUP_BYTES / 64 {
            L::prefetch(weights.as_ptr().wrapping_add(PREFETCH + 64 * line));
        }
        let mut inputs = [&Group::ZERO; R];
        let mut sums = [L::begin(0); R];
        for row in 0..R {
            inputs[row] = &x[row * groups + at];
            sums[row] = L::begin(inputs[row].sum);
        }
        let quads: &[[u8; 4 * TILE]; GROUP / 4] = bytemuck::cast_ref(weights);
        for quad in 0..GROUP / 4 {
            let weights = L::weights(&quads[quad]);
            for row in 0..R {
                let inputs: &[[i8; 4]; GROUP / 4] = bytemuck::cast_ref(&inputs[row].bytes);
                sums[row] = L::dot(sums[row], weights, inputs[quad]);
            }
        }
        let scale = L::load_half(scale);
        for row in 0..R {
            totals[row] = L::floats(sums[row]).mul_add(scale.mul(L::splat(inputs[row].scale)), totals[row]);
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
        *input = &x[row * product.stride..][..product.stride];
    }
    let mut totals = [L::splat(0.0); R];
    for (at, weights) in tile.chunks(TILE * TILE).enumerate() {
        let mut piece = [&[0.0; TILE]; R];
        for row in 0..R {
            piece[row] = &inputs[row].as_chunks::<TILE>().0[at];
        }
        match weights.as_chunks::<TILE>().0.try_into() {
            Ok(weights) => f32_piece::<L, R, TILE>(weights, piece.map(|piece| &piece[..]), &mut totals),
            Err(_) => {
                for (lane, weights) in weights.as_chunks::<TILE>().0.iter().enumerate() {
                    f32_piece::<L, R, 1>(&[*weights], piece.map(|piece| &piece[lane..]), &mut totals);
                }
            }
        }
    }
    for row in 0..R {
        product.finish.store(index, totals[row], &mut out[row]);
    }
    R
}

/// `K` inputs of a tile and of `R` rows.
#[inline(always)]
fn f32_piece<L: Dot, const R: usize, const K: usize>(
    weights: &[[f32; TILE]; K],
    rows: [&[f32]; R],
    totals: &mut [L; R],
) {
    let mut inputs = [[0.0; K]; R];
    for row in 0..R {
        inputs[row].copy_from_slice(&rows[row][..K]);
    }
    for at in 0..K {
        L::prefetch(weights[at].as_ptr().cast::<u8>().wrapping_add(PREFETCH));
        let weights = L::load(&weights[at]);
        for row in 0..R {
            totals[row] = weights.mul_add(L::splat(inputs[row][at]), totals[row]);
        }
    }
}
