//! AVX2 with FMA and F16C: every server of the last ten years; and the same with AVX-VNNI, the newer small cores.

use std::arch::x86_64::*;

use half::f16;

use super::super::lanes::{Dot, Lanes};
use super::super::tiles::TILE;
use super::intrinsics;

/// Sixteen f32 in two registers. `VNNI` says whether `vpdpbusd` may be used.
#[derive(Clone, Copy)]
pub(in super::super) struct Avx2<const VNNI: bool>(__m256, __m256);

/// Both halves of sixteen f32 go through the same instruction.
macro_rules! both {
    ($operation:ident($first:expr $(, $rest:expr)*)) => {
        Self(intrinsics!($operation($first.0 $(, $rest.0)*)), intrinsics!($operation($first.1 $(, $rest.1)*)))
    };
}

impl<const VNNI: bool> Lanes for Avx2<VNNI> {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        let half = intrinsics!(_mm256_set1_ps(value));
        Self(half, half)
    }

    #[inline(always)]
    fn load(values: &[f32; TILE]) -> Self {
        let at = values.as_ptr();
        Self(intrinsics!(_mm256_loadu_ps(at)), intrinsics!(_mm256_loadu_ps(at.add(8))))
    }

    #[inline(always)]
    fn store(self, values: &mut [f32; TILE]) {
        let at = values.as_mut_ptr();
        intrinsics!(_mm256_storeu_ps(at, self.0));
        intrinsics!(_mm256_storeu_ps(at.add(8), self.1));
    }

    #[inline(always)]
    fn load_half(values: &[f16; TILE]) -> Self {
        let at = values.as_ptr();
        let half = |at: *const f16| intrinsics!(_mm256_cvtph_ps(at.cast::<__m128i>().read_unaligned()));
        Self(half(at), half(intrinsics!(at.add(8))))
    }

    #[inline(always)]
    fn store_half(self, values: &mut [f16; TILE]) {
        let at = values.as_mut_ptr();
        intrinsics!(_mm_storeu_si128(at.cast(), _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(self.0)));
        intrinsics!(_mm_storeu_si128(at.add(8).cast(), _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(self.1)));
    }

    #[inline(always)]
    fn store_bytes(self, values: &mut [i8; TILE]) {
        intrinsics!({
            let (low, high) = (_mm256_cvtps_epi32(self.0), _mm256_cvtps_epi32(self.1));
            // Packing works within each 128 bits, so its quarters are brought back into order.
            let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(low, high));
            let bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
            _mm_storeu_si128(values.as_mut_ptr().cast(), bytes);
        });
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        both!(_mm256_add_ps(self, other))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        both!(_mm256_sub_ps(self, other))
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        both!(_mm256_mul_ps(self, other))
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        both!(_mm256_div_ps(self, other))
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        both!(_mm256_max_ps(self, other))
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        both!(_mm256_min_ps(self, other))
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        both!(_mm256_fmadd_ps(self, factor, term))
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        let power = |n: __m256| {
            let biased = intrinsics!(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)));
            intrinsics!(_mm256_castsi256_ps(_mm256_slli_epi32::<23>(biased)))
        };
        Self(power(self.0), power(self.1))
    }

    #[inline(always)]
    fn first(self, count: usize, other: Self) -> Self {
        let count = intrinsics!(_mm256_set1_ps(count as f32));
        let below = |lanes: __m256| intrinsics!(_mm256_cmp_ps::<_CMP_LT_OQ>(lanes, count));
        let low = below(intrinsics!(_mm256_setr_ps(0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)));
        let high = below(intrinsics!(_mm256_setr_ps(8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0)));
        Self(intrinsics!(_mm256_blendv_ps(other.0, self.0, low)), intrinsics!(_mm256_blendv_ps(other.1, self.1, high)))
    }

    #[inline(always)]
    fn prefetch(address: *const u8) {
        intrinsics!(_mm_prefetch::<_MM_HINT_T0>(address.cast()));
    }
}

impl<const VNNI: bool> Dot for Avx2<VNNI> {
    /// With `vpdpbusd` the weights + 128; without it the signed weights.
    type Weights = (__m256i, __m256i);
    type Sums = (__m256i, __m256i);

    #[inline(always)]
    fn weights(bytes: &[u8; 4 * TILE]) -> Self::Weights {
        let load = |at: usize| intrinsics!(bytes.as_ptr().add(at).cast::<__m256i>().read_unaligned());
        let shift = |half: __m256i| {
            if VNNI { intrinsics!(_mm256_xor_si256(half, _mm256_set1_epi8(i8::MIN))) } else { half }
        };
        (shift(load(0)), shift(load(32)))
    }

    #[inline(always)]
    fn begin(inputs: i32) -> Self::Sums {
        let sums = intrinsics!(_mm256_set1_epi32(if VNNI { -128 * inputs } else { 0 }));
        (sums, sums)
    }

    #[inline(always)]
    fn dot(sums: Self::Sums, weights: Self::Weights, inputs: [i8; 4]) -> Self::Sums {
        let inputs = intrinsics!(_mm256_set1_epi32(bytemuck::cast(inputs)));
        let dot = |sums: __m256i, weights: __m256i| {
            if VNNI {
                return intrinsics!(_mm256_dpbusd_avx_epi32(sums, weights, inputs));
            }
            intrinsics!({
                // |weight| times the input with the weight's sign: two such products of at most 127² fit 16 bits.
                let products = _mm256_maddubs_epi16(_mm256_abs_epi8(weights), _mm256_sign_epi8(inputs, weights));
                _mm256_add_epi32(sums, _mm256_madd_epi16(products, _mm256_set1_epi16(1)))
            })
        };
        (dot(sums.0, weights.0), dot(sums.1, weights.1))
    }

    #[inline(always)]
    fn floats(sums: Self::Sums) -> Self {
        Self(intrinsics!(_mm256_cvtepi32_ps(sums.0)), intrinsics!(_mm256_cvtepi32_ps(sums.1)))
    }
}
