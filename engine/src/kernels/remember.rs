//! One token's key and value on their way into the past, where [`super::attention`] finds them.

use super::lanes::{Element, Lanes};
use super::tiles::TILE;

/// The past of one head that is to grow.
pub(crate) struct Past<'a, E> {
    /// (tokens / 16, D, 16)
    pub(crate) keys: &'a mut [[E; TILE]],
    /// (tokens, D / 16, 16)
    pub(crate) values: &'a mut [[E; TILE]],
}

/// Writes `key` and `value` (D each) as those of the token at place `at`. Numbers beyond
/// what an f16 can hold become its greatest.
#[inline(always)]
pub(super) fn remember<L: Lanes, E: Element>(past: &mut Past<'_, E>, at: usize, key: &[f32], value: &[f32]) {
    let dim = key.len();
    let keys = &mut past.keys[at / TILE * dim..][..dim];
    for (keys, key) in keys.chunks_mut(TILE).zip(key.chunks(TILE)) {
        for (lanes, key) in keys.iter_mut().zip(pieces::<L, E>(key)) {
            lanes[at % TILE] = key;
        }
    }
    let lanes = dim.div_ceil(TILE);
    for (lanes, value) in past.values[at * lanes..][..lanes].iter_mut().zip(value.chunks(TILE)) {
        *lanes = pieces::<L, E>(value);
    }
}

/// Up to sixteen numbers, followed by zeros.
#[inline(always)]
fn pieces<L: Lanes, E: Element>(values: &[f32]) -> [E; TILE] {
    let mut lanes = [0.0; TILE];
    lanes[..values.len()].copy_from_slice(values);
    let mut pieces = [E::ZERO; TILE];
    E::store(L::load(&lanes), &mut pieces);
    pieces
}
