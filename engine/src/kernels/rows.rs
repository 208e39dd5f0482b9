//! Rows of activations: how they lie in panels, their layer norm, and their way into 8 bits.

use super::lanes::Lanes;
use super::tiles::{GROUP, TILE};

/// One row within panels: (columns / 16, rows, 16), where the last panel may hold fewer columns, followed by zeros.
#[derive(Clone, Copy)]
pub(crate) struct PanelRow<'a> {
    /// All panels.
    pub(crate) panels: &'a [[f32; TILE]],
    /// Rows of the panels.
    pub(crate) rows: usize,
    /// Which one this is.
    pub(crate) row: usize,
}

impl<'a> PanelRow<'a> {
    /// Its pieces, 16 columns each.
    #[inline(always)]
    pub(crate) fn pieces(self) -> impl Iterator<Item = &'a [f32; TILE]> {
        self.panels.iter().skip(self.row).step_by(self.rows)
    }
}

/// The weights of a layer norm.
pub(crate) struct LayerNorm<'a> {
    /// (C up to a multiple of 16), zeros beyond C
    pub(crate) weight: &'a [f32],
    /// As `weight`.
    pub(crate) bias: &'a [f32],
    /// C
    pub(crate) width: usize,
    pub(crate) epsilon: f32,
}

/// Normalises a row into `out` (C up to a multiple of 16), with zeros beyond C.
#[inline(always)]
pub(super) fn layer_norm<L: Lanes>(norm: &LayerNorm<'_>, x: PanelRow<'_>, out: &mut [f32]) {
    let zero = L::splat(0.0);
    let mut sum = zero;
    for piece in x.pieces() {
        sum = sum.add(L::load(piece));
    }
    let mean = L::splat(sum.sum() / norm.width as f32);
    let mut squares = zero;
    let mut left = norm.width;
    let (out, _) = out.as_chunks_mut::<TILE>();
    for (piece, out) in x.pieces().zip(out.iter_mut()) {
        let centred = L::load(piece).sub(mean).first(left, zero);
        centred.store(out);
        squares = centred.mul_add(centred, squares);
        left = left.saturating_sub(TILE);
    }
    let deviation = L::splat(1.0 / (squares.sum() / norm.width as f32 + norm.epsilon).sqrt());
    let weights = norm.weight.as_chunks::<TILE>().0.iter().zip(norm.bias.as_chunks::<TILE>().0);
    for (out, (weight, bias)) in out.iter_mut().zip(weights) {
        let scaled = L::load(out).mul(deviation);
        scaled.mul_add(L::load(weight), L::load(bias)).store(out);
    }
}

/// 64 inputs in 8 bits with a scale of their own, so that one great value spoils the precision of 63 others only.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub(crate) struct Group {
    /// From -127 to 127.
    pub(crate) bytes: [i8; GROUP],
    /// What a byte counts.
    pub(crate) scale: f32,
    /// The sum of the bytes.
    pub(crate) sum: i32,
}

impl Group {
    /// Nothing but zeros.
    pub(crate) const ZERO: Self = Self { bytes: [0; GROUP], scale: 0.0, sum: 0 };
}

/// Quantizes a row (K up to a multiple of 16) into its groups (K up to a multiple of 64), with zeros beyond its end.
#[inline(always)]
pub(super) fn quantize<L: Lanes>(row: &[f32], groups: &mut [Group]) {
    for (values, group) in row.chunks(GROUP).zip(groups) {
        *group = quantized::<L>(values);
    }
}

#[inline(always)]
fn quantized<L: Lanes>(values: &[f32]) -> Group {
    let (values, _) = values.as_chunks::<TILE>();
    let mut group = Group::ZERO;
    let mut most = L::splat(0.0);
    for lanes in values {
        most = most.max(L::load(lanes).abs());
    }
    let most = most.greatest();
    // Below this the numbers are nothing beside any others, and the division might overflow.
    if most < f32::MIN_POSITIVE * 128.0 {
        return group;
    }
    let per_value = L::splat(127.0 / most);
    for (lanes, bytes) in values.iter().zip(group.bytes.as_chunks_mut::<TILE>().0) {
        L::load(lanes).mul(per_value).store_bytes(bytes);
    }
    group.scale = most / 127.0;
    for byte in group.bytes {
        group.sum += i32::from(byte);
    }
    group
}
