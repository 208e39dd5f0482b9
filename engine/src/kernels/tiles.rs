//! How weight matrices lie in memory. A tile is 16 neighbouring outputs with all their inputs, so that one vector
//! instruction serves 16 outputs and a stream of weights is read from front to back.
//!
//! An 8-bit tile groups its inputs by 64. First come the scales, 16 f16 a group, filled up to a cache line; then the
//! weights, 16 × 16 × 4 signed bytes a group, where four neighbouring inputs of one output lie together, as `vpdpbusd`,
//! `tdpbssd` and `sdot` take them. A weight is `scale · byte`, as in ggml's `Q8_0`, whose blocks are half as long. An
//! f32 tile is (inputs, 16). Inputs that don't fill a group and outputs that don't fill a tile are zeros.

use std::ops::Range;

use half::f16;

/// Outputs of a tile.
pub(crate) const TILE: usize = 16;

/// Inputs that share a scale.
pub(crate) const GROUP: usize = 64;

/// Bytes of a group's weights.
pub(crate) const GROUP_BYTES: usize = GROUP * TILE;

/// Bytes of a group's scales.
const SCALES_BYTES: usize = TILE * size_of::<f16>();

/// Bytes of all scales of a tile of so many groups.
pub(crate) const fn scales_bytes(groups: usize) -> usize {
    (groups * SCALES_BYTES).next_multiple_of(64)
}

/// Bytes of an 8-bit tile of so many inputs.
pub(crate) const fn int8_tile_bytes(inputs: usize) -> usize {
    let groups = inputs.div_ceil(GROUP);
    scales_bytes(groups) + groups * GROUP_BYTES
}

/// The scales and the weights of an 8-bit tile, group by group. The length of the tile says how many groups there are.
#[inline(always)]
pub(super) fn parts(tile: &[u8], groups: usize) -> (&[[f16; TILE]], &[[u8; GROUP_BYTES]]) {
    let (scales, weights) = tile.split_at(scales_bytes(groups));
    let scales: &[f16] = bytemuck::cast_slice(scales);
    (&scales.as_chunks().0[..groups], weights.as_chunks().0)
}

/// Values of an f32 tile of so many inputs.
pub(crate) const fn f32_tile_values(inputs: usize) -> usize {
    inputs * TILE
}

/// Packs some inputs of up to 16 outputs (outputs, those inputs) into an 8-bit tile of `inputs`, all zeros where
/// nothing was packed. `some` begins at a group.
pub(crate) fn pack_int8(weights: &[f32], some: Range<usize>, inputs: usize, tile: &mut [u8]) {
    let (scales, groups) = tile.split_at_mut(scales_bytes(inputs.div_ceil(GROUP)));
    let first = some.start / GROUP;
    let (scales, groups) = (&mut scales[first * SCALES_BYTES..], &mut groups[first * GROUP_BYTES..]);
    for (output, weights) in weights.chunks_exact(some.len()).enumerate() {
        let groups = groups.chunks_exact_mut(GROUP_BYTES).zip(scales.chunks_exact_mut(SCALES_BYTES));
        for (weights, (bytes, scales)) in weights.chunks(GROUP).zip(groups) {
            let scale = scale_of(weights);
            scales[2 * output..2 * output + 2].copy_from_slice(&scale.to_le_bytes());
            for (input, weight) in weights.iter().enumerate() {
                bytes[byte_at(input, output)] = quantize(*weight, scale).to_le_bytes()[0];
            }
        }
    }
}

/// Packs some inputs of up to 16 outputs (outputs, those inputs) into an f32 tile, all zeros where nothing was packed.
pub(crate) fn pack_f32(weights: &[f32], some: Range<usize>, tile: &mut [f32]) {
    for (output, weights) in weights.chunks_exact(some.len()).enumerate() {
        for (lanes, weight) in tile[some.start * TILE..].chunks_exact_mut(TILE).zip(weights) {
            lanes[output] = *weight;
        }
    }
}

/// Writes one output's weights, as a tile holds them, into `weights` (inputs).
pub(crate) fn unpack_int8(tile: &[u8], output: usize, weights: &mut [f32]) {
    let (scales, groups) = tile.split_at(scales_bytes(weights.len().div_ceil(GROUP)));
    let groups = groups.chunks_exact(GROUP_BYTES).zip(scales.chunks_exact(SCALES_BYTES));
    for (weights, (bytes, scales)) in weights.chunks_mut(GROUP).zip(groups) {
        let scale = f16::from_le_bytes([scales[2 * output], scales[2 * output + 1]]).to_f32();
        for (quad, weights) in weights.chunks_mut(4).enumerate() {
            let bytes = &bytes[byte_at(4 * quad, output)..][..4];
            weights.iter_mut().zip(bytes).for_each(|(weight, byte)| *weight = scale * f32::from(byte.cast_signed()));
        }
    }
}

/// Where in a group's bytes the weight of an input is.
fn byte_at(input: usize, output: usize) -> usize {
    (input / 4 * TILE + output) * 4 + input % 4
}

/// The scale at which the greatest of `weights` becomes ±127. Weights beyond what an f16 can hold saturate.
fn scale_of(weights: &[f32]) -> f16 {
    let greatest = weights.iter().fold(0.0f32, |greatest, weight| greatest.max(weight.abs()));
    f16::from_f32((greatest / 127.0).min(f16::MAX.to_f32()))
}

/// The nearest multiple of the scale, within ±127.
fn quantize(weight: f32, scale: f16) -> i8 {
    if scale == f16::ZERO {
        return 0;
    }
    (weight / scale.to_f32()).round_ties_even().clamp(-127.0, 127.0) as i8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn packed_weights_are_near_themselves(
            (inputs, weights) in (1usize..250, 1usize..=TILE)
                .prop_flat_map(|(inputs, outputs)| (Just(inputs), proptest::collection::vec(-3.0f32..3.0, inputs * outputs)))
        ) {
            let mut tile = vec![0; int8_tile_bytes(inputs)];
            let half = inputs / 2 / GROUP * GROUP;
            for some in [0..half, half..inputs] {
                let part = weights.chunks(inputs).flat_map(|weights| &weights[some.clone()]).copied().collect::<Vec<_>>();
                if !some.is_empty() {
                    pack_int8(&part, some, inputs, &mut tile);
                }
            }
            let mut back = vec![f32::NAN; inputs];
            for (output, weights) in weights.chunks(inputs).enumerate() {
                unpack_int8(&tile, output, &mut back);
                for (weights, back) in weights.chunks(GROUP).zip(back.chunks(GROUP)) {
                    let greatest = weights.iter().fold(0.0f32, |most, weight| most.max(weight.abs()));
                    for (weight, back) in weights.iter().zip(back) {
                        prop_assert!((weight - back).abs() <= greatest / 127.0 * 0.56 + 1e-7, "{weight} {back}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_not_there_is_zero() {
        let mut tile = vec![0; int8_tile_bytes(3)];
        pack_int8(&[1.0, -2.0, 0.5], 0..3, 3, &mut tile);
        let mut back = [f32::NAN; 3];
        unpack_int8(&tile, 1, &mut back);
        assert_eq!(back, [0.0; 3]);
        let mut all = [f32::NAN; GROUP];
        unpack_int8(&tile, 0, &mut all);
        assert!((all[1] + 2.0).abs() < 1e-3 && all[3..].iter().all(|weight| *weight == 0.0), "{all:?}");
    }

    #[test]
    fn weights_too_large_or_too_small_for_a_scale_stay_finite() {
        let mut tile = vec![0; int8_tile_bytes(2)];
        let mut back = [f32::NAN; 2];
        pack_int8(&[f32::MAX, 1e-30], 0..2, 2, &mut tile);
        unpack_int8(&tile, 0, &mut back);
        assert!(back[0] > 8e6 && back[1] == 0.0, "{back:?}");
        pack_int8(&[1e-30, -1e-30], 0..2, 2, &mut tile);
        unpack_int8(&tile, 0, &mut back);
        assert_eq!(back, [0.0, 0.0]);
    }

    #[test]
    fn floats_lie_input_by_input() {
        let mut tile = [0.0; 2 * TILE];
        pack_f32(&[1.0, 2.0, 3.0, 4.0], 0..2, &mut tile);
        assert_eq!((tile[0], tile[1], tile[TILE], tile[TILE + 1], tile[2]), (1.0, 3.0, 2.0, 4.0, 0.0));
    }
}
