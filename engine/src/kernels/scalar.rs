//! The instruction set that every machine has: plain Rust, in lanes. It is the specification of the others, and what
//! they are tested against.

use half::f16;

use super::lanes::{Dot, Lanes};
use super::tiles::TILE;

/// Sixteen f32 in an array.
#[derive(Clone, Copy)]
pub(super) struct Plain([f32; TILE]);

impl Plain {
    #[inline(always)]
    fn zip(self, other: Self, operation: impl Fn(f32, f32) -> f32) -> Self {
        let mut values = self.0;
        for (value, other) in values.iter_mut().zip(other.0) {
            *value = operation(*value, other);
        }
        Self(values)
    }
}

impl Lanes for Plain {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self([value; TILE])
    }

    #[inline(always)]
    fn load(values: &[f32; TILE]) -> Self {
        Self(*values)
    }

    #[inline(always)]
    fn store(self, values: &mut [f32; TILE]) {
        *values = self.0;
    }

    #[inline(always)]
    fn load_half(values: &[f16; TILE]) -> Self {
        Self(values.map(f16::to_f32))
    }

    #[inline(always)]
    fn store_half(self, values: &mut [f16; TILE]) {
        *values = self.0.map(f16::from_f32);
    }

    #[inline(always)]
    fn store_bytes(self, values: &mut [i8; TILE]) {
        *values = self.0.map(|value| value.round_ties_even() as i8);
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.zip(other, |a, b| a / b)
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| if a > b { a } else { b })
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        self.zip(other, |a, b| if a < b { a } else { b })
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        self.mul(factor).add(term)
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        Self(self.0.map(|n| f32::from_bits(((n as i32 + 127) as u32) << 23)))
    }

    #[inline(always)]
    fn first(self, count: usize, other: Self) -> Self {
        let mut values = other.0;
        let count = count.min(TILE);
        values[..count].copy_from_slice(&self.0[..count]);
        Self(values)
    }

    #[inline(always)]
    fn prefetch(_address: *const u8) {}
}

impl Dot for Plain {
    type Weights = [[i8; 4]; TILE];
    type Sums = [i32; TILE];

    #[inline(always)]
    fn weights(bytes: &[u8; 4 * TILE]) -> Self::Weights {
        bytemuck::cast(*bytes)
    }

    #[inline(always)]
    fn begin(_inputs: i32) -> Self::Sums {
        [0; TILE]
    }

    #[inline(always)]
    fn dot(mut sums: Self::Sums, weights: Self::Weights, inputs: [i8; 4]) -> Self::Sums {
        for (sum, weights) in sums.iter_mut().zip(weights) {
            for (weight, input) in weights.into_iter().zip(inputs) {
                *sum += i32::from(weight) * i32::from(input);
            }
        }
        sums
    }

    #[inline(always)]
    fn floats(sums: Self::Sums) -> Self {
        Self(sums.map(|sum| sum as f32))
    }
}
