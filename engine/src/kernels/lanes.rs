//! What a kernel asks of an instruction set: sixteen f32 side by side, and sums of four byte products in sixteen i32.
//! The kernels are written once over these traits. Each set implements them so that every lane sees the same
//! operations in the same order; [`super::scalar::Plain`] is the specification.

use half::f16;

use super::tiles::TILE;

/// Sixteen f32.
pub(crate) trait Lanes: Copy {
    fn splat(value: f32) -> Self;
    fn load(values: &[f32; TILE]) -> Self;
    fn store(self, values: &mut [f32; TILE]);
    fn load_half(values: &[f16; TILE]) -> Self;
    /// Rounds to the nearest f16; the caller has seen to it that each value has one.
    fn store_half(self, values: &mut [f16; TILE]);
    /// Rounds to the nearest integer, halves to even; the caller has seen to it that each is within ±127.
    fn store_bytes(self, values: &mut [i8; TILE]);

    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn div(self, other: Self) -> Self;
    /// Where a lane is NaN, the result is either.
    fn max(self, other: Self) -> Self;
    fn min(self, other: Self) -> Self;
    /// `self · factor + term`, in one rounding where the instruction set has such an operation.
    fn mul_add(self, factor: Self, term: Self) -> Self;
    /// `2ⁿ` for lanes that hold integers n from -126 to 127.
    fn power_of_two(self) -> Self;
    /// The first `count` lanes of this, the others of `other`.
    fn first(self, count: usize, other: Self) -> Self;

    /// Tells the processor that memory there will be read soon. Any address will do.
    fn prefetch(address: *const u8);

    /// The lanes as an array.
    #[inline(always)]
    fn to_array(self) -> [f32; TILE] {
        let mut values = [0.0; TILE];
        self.store(&mut values);
        values
    }

    /// The sum of all lanes, halves onto halves.
    #[inline(always)]
    fn sum(self) -> f32 {
        let mut values = self.to_array();
        let mut width = TILE / 2;
        while width > 0 {
            for lane in 0..width {
                values[lane] += values[lane + width];
            }
            width /= 2;
        }
        values[0]
    }

    /// The greatest lane.
    #[inline(always)]
    fn greatest(self) -> f32 {
        let mut values = self.to_array();
        let mut width = TILE / 2;
        while width > 0 {
            for lane in 0..width {
                values[lane] = if values[lane] > values[lane + width] { values[lane] } else { values[lane + width] };
            }
            width /= 2;
        }
        values[0]
    }

    /// `|x|`
    #[inline(always)]
    fn abs(self) -> Self {
        self.max(Self::splat(0.0).sub(self))
    }

    /// `eˣ` within 2 ulp, without branches: Cephes' `expf`. Beyond ±87 it saturates near the smallest and largest
    /// normal numbers.
    #[inline(always)]
    fn exp(self) -> Self {
        // Adding and subtracting 1.5·2²³ rounds to the nearest integer.
        let round = Self::splat(12_582_912.0);
        let x = self.min(Self::splat(88.0)).max(Self::splat(-87.0));
        let n = x.mul_add(Self::splat(std::f32::consts::LOG2_E), round).sub(round);
        let r = n.mul_add(Self::splat(-0.693_359_4), x);
        let r = n.mul_add(Self::splat(2.121_944_4e-4), r);
        let mut p = Self::splat(1.987_569_1e-4);
        for coefficient in [1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 5e-1] {
            p = p.mul_add(r, Self::splat(coefficient));
        }
        p.mul_add(r.mul(r), r).add(Self::splat(1.0)).mul(n.power_of_two())
    }
}

/// A number that keys and values are kept as.
pub(crate) trait Element: bytemuck::Pod + Send + Sync {
    const ZERO: Self;

    fn load<L: Lanes>(values: &[Self; TILE]) -> L;
    /// Numbers beyond the greatest become the greatest.
    fn store<L: Lanes>(lanes: L, values: &mut [Self; TILE]);
}

impl Element for f16 {
    const ZERO: Self = Self::ZERO;

    #[inline(always)]
    fn load<L: Lanes>(values: &[Self; TILE]) -> L {
        L::load_half(values)
    }

    #[inline(always)]
    fn store<L: Lanes>(lanes: L, values: &mut [Self; TILE]) {
        let (least, most) = (L::splat(Self::MIN.to_f32()), L::splat(Self::MAX.to_f32()));
        lanes.min(most).max(least).store_half(values);
    }
}

impl Element for f32 {
    const ZERO: Self = 0.0;

    #[inline(always)]
    fn load<L: Lanes>(values: &[Self; TILE]) -> L {
        L::load(values)
    }

    #[inline(always)]
    fn store<L: Lanes>(lanes: L, values: &mut [Self; TILE]) {
        lanes.store(values);
    }
}

/// Sums of byte products.
pub(super) trait Dot: Lanes {
    /// Four neighbouring weights of each of sixteen outputs, made ready.
    type Weights: Copy;
    /// Sixteen i32.
    type Sums: Copy;

    fn weights(bytes: &[u8; 4 * TILE]) -> Self::Weights;
    /// Where sums of a block begin whose inputs sum up to `inputs`: 0, or what the set's unsigned weights take away.
    fn begin(inputs: i32) -> Self::Sums;
    /// Adds to each lane the products of its four weights with four inputs.
    fn dot(sums: Self::Sums, weights: Self::Weights, inputs: [i8; 4]) -> Self::Sums;
    fn floats(sums: Self::Sums) -> Self;
}
