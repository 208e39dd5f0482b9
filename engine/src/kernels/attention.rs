//! Causal attention of one head: some rows of one sequence look at their past, in f16 or f32. Every row's numbers
//! follow from its own query and past alone, in one order, however many rows are computed together.
//!
//! Keys lie as (past / 16, D, 16), sixteen tokens side by side, so that scores need no sums across lanes; values as
//! (past, D up to a multiple of 16).

use super::lanes::{Element, Lanes};
use super::tiles::TILE;

/// Rows that share each look at a key or value.
const ROWS: usize = 4;
/// Tiles of keys, or of a value's lanes, that are looked at together.
const TOGETHER: usize = 4;

/// How many tokens ahead memory is asked for values.
const AHEAD: usize = 64;
/// Bytes of keys, and of values, that memory is asked for before any is looked at.
const ASKED_AT_ONCE: usize = 16 << 10;

/// One head of some consecutive tokens of a sequence.
pub(crate) struct Head<'a, E> {
    /// (rows, D)
    pub(crate) queries: &'a [f32],
    /// D
    pub(crate) dim: usize,
    /// Factor of the scores.
    pub(crate) scale: f32,
    /// (tokens / 16, D, 16)
    pub(crate) keys: &'a [[E; TILE]],
    /// (tokens, D / 16, 16)
    pub(crate) values: &'a [[E; TILE]],
    /// Tokens that the first row sees, itself included. Each later row sees one more.
    pub(crate) visible: usize,
    /// (rows, D)
    pub(crate) out: &'a mut [f32],
}

/// Working space that is kept between calls.
#[derive(Default)]
pub(crate) struct Scratch {
    /// (rows, tokens), then probabilities.
    scores: Vec<[f32; TILE]>,
}

/// `softmax(scale · queries · keysᵀ) · values` for each row.
#[inline(always)]
pub(super) fn attend<L: Lanes, E: Element>(head: Head<'_, E>, scratch: &mut Scratch) {
    let Head { queries, dim, out, visible, .. } = head;
    let head = Head { out: &mut [], ..head };
    ask_for::<L, E>(head.keys);
    ask_for::<L, E>(head.values);
    let rows = queries.len() / dim;
    let mut row = 0;
    while row < rows {
        let (queries, out) = (&queries[row * dim..], &mut out[row * dim..]);
        if rows - row >= ROWS {
            some_rows::<L, E, ROWS>(&head, (queries, visible + row), scratch, out);
            row += ROWS;
        } else {
            some_rows::<L, E, 1>(&head, (queries, visible + row), scratch, out);
            row += 1;
        }
    }
}

/// Asks for the beginning of keys or values, which mostly wait in main memory: all at once, that takes as long as it
/// takes to read them, and one by one several times as long.
#[inline(always)]
fn ask_for<L: Lanes, E: Element>(pieces: &[[E; TILE]]) {
    let per_line = (64 / size_of::<[E; TILE]>()).max(1);
    for piece in pieces.iter().take(ASKED_AT_ONCE / size_of::<[E; TILE]>()).step_by(per_line) {
        L::prefetch(piece.as_ptr().cast());
    }
}

/// The first `R` rows, of which the first sees `visible` tokens.
#[inline(always)]
fn some_rows<L: Lanes, E: Element, const R: usize>(
    head: &Head<'_, E>,
    (queries, visible): (&[f32], usize),
    scratch: &mut Scratch,
    out: &mut [f32],
) {
    let tokens = visible + R - 1;
    let tiles = tokens.div_ceil(TILE);
    scratch.scores.resize((R * tiles).max(scratch.scores.len()), [0.0; TILE]);
    let scores = &mut scratch.scores[..R * tiles];
    let mut tile = 0;
    while tile < tiles {
        if tiles - tile >= TOGETHER {
            score::<L, E, R, TOGETHER>(head, queries, (tile, tiles), scores);
            tile += TOGETHER;
        } else {
            score::<L, E, R, 1>(head, queries, (tile, tiles), scores);
            tile += 1;
        }
    }
    let mut shares = [0.0; R];
    for row in 0..R {
        shares[row] = 1.0 / exponentials::<L>(&mut scores[row * tiles..][..tiles], visible + row);
    }
    let lanes = head.dim.div_ceil(TILE);
    let mut lane = 0;
    while lane < lanes {
        if lanes - lane >= TOGETHER {
            weigh::<L, E, R, TOGETHER>(head, (lane, tokens), (scores, shares), out);
            lane += TOGETHER;
        } else {
            weigh::<L, E, R, 1>(head, (lane, tokens), (scores, shares), out);
            lane += 1;
        }
    }
}

/// Scores of `R` rows for `T` tiles of keys.
#[inline(always)]
fn score<L: Lanes, E: Element, const R: usize, const T: usize>(
    head: &Head<'_, E>,
    queries: &[f32],
    (tile, tiles): (usize, usize),
    scores: &mut [[f32; TILE]],
) {
    let dim = head.dim;
    let mut keys: [&[[E; TILE]]; T] = [&[]; T];
    for (at, keys) in keys.iter_mut().enumerate() {
        *keys = &head.keys[(tile + at) * dim..][..dim];
    }
    let mut rows: [&[f32]; R] = [&[]; R];
    for (at, row) in rows.iter_mut().enumerate() {
        *row = &queries[at * dim..][..dim];
    }
    let mut sums = [[L::splat(0.0); T]; R];
    for at in 0..dim {
        let mut lanes = [L::splat(0.0); T];
        for tile in 0..T {
            L::prefetch(keys[tile][at].as_ptr().wrapping_add(T * TILE * dim).cast());
            lanes[tile] = E::load(&keys[tile][at]);
        }
        for row in 0..R {
            let query = L::splat(rows[row][at]);
            for tile in 0..T {
                sums[row][tile] = lanes[tile].mul_add(query, sums[row][tile]);
            }
        }
    }
    for row in 0..R {
        for at in 0..T {
            sums[row][at].mul(L::splat(head.scale)).store(&mut scores[row * tiles + tile + at]);
        }
    }
}

/// Replaces the first `visible` scores by `exp(score − greatest)`, the others by 0, and returns the sum.
#[inline(always)]
fn exponentials<L: Lanes>(scores: &mut [[f32; TILE]], visible: usize) -> f32 {
    let lowest = L::splat(f32::NEG_INFINITY);
    let mut top = lowest;
    let mut left = visible;
    for lanes in scores.iter() {
        top = top.max(L::load(lanes).first(left, lowest));
        left = left.saturating_sub(TILE);
    }
    let (top, zero) = (L::splat(top.greatest()), L::splat(0.0));
    let mut sum = zero;
    let mut left = visible;
    for lanes in scores {
        let weights = L::load(lanes).sub(top).exp().first(left, zero);
        weights.store(lanes);
        sum = sum.add(weights);
        left = left.saturating_sub(TILE);
    }
    sum.sum()
}

/// `T` times 16 values of `R` rows' outputs.
#[inline(always)]
fn weigh<L: Lanes, E: Element, const R: usize, const T: usize>(
    head: &Head<'_, E>,
    (lane, tokens): (usize, usize),
    (weights, shares): (&[[f32; TILE]], [f32; R]),
    out: &mut [f32],
) {
    let lanes_of_value = head.dim.div_ceil(TILE);
    let per_row = tokens.div_ceil(TILE);
    let weights = weights.as_flattened();
    let mut rows: [&[f32]; R] = [&[]; R];
    for (at, row) in rows.iter_mut().enumerate() {
        *row = &weights[at * per_row * TILE..][..tokens];
    }
    let mut sums = [[L::splat(0.0); T]; R];
    for (token, values) in head.values.chunks_exact(lanes_of_value).take(tokens).enumerate() {
        let values = &values[lane..lane + T];
        let mut lanes = [L::splat(0.0); T];
        for at in 0..T {
            L::prefetch(values[at].as_ptr().wrapping_add(AHEAD * lanes_of_value * TILE).cast());
            lanes[at] = E::load(&values[at]);
        }
        for row in 0..R {
            let weight = L::splat(rows[row][token]);
            for at in 0..T {
                sums[row][at] = lanes[at].mul_add(weight, sums[row][at]);
            }
        }
    }
    for row in 0..R {
        for (at, sum) in sums[row].into_iter().enumerate() {
            let values = sum.mul(L::splat(shares[row])).to_array();
            let begin = (lane + at) * TILE;
            let end = head.dim.min(begin + TILE);
            out[row * head.dim + begin..row * head.dim + end].copy_from_slice(&values[..end - begin]);
        }
    }
}
