//! AVX-512 with VNNI: Intel from Ice Lake, AMD from Zen 4.

use std::arch::x86_64::*;

use half::f16;

use super::super::lanes::{Dot, Lanes};
use super::super::tiles::TILE;
use super::intrinsics;

/// Sixteen f32 in one register.
#[derive(Clone, Copy)]
pub(in super::super) struct Avx512(__m512);

impl Avx512 {
    /// Sixteen integers as the nearest f32.
    #[inline(always)]
    pub(super) fn integers(values: &[i32; TILE]) -> Self {
        Self(intrinsics!(_mm512_cvtepi32_ps(_mm512_loadu_si512(values.as_ptr().cast()))))
    }
}

impl Lanes for Avx512 {
    #[inline(always)]
    fn splat(value: f32) -> Self {
        Self(intrinsics!(_mm512_set1_ps(value)))
    }

    #[inline(always)]
    fn load(values: &[f32; TILE]) -> Self {
        Self(intrinsics!(_mm512_loadu_ps(values.as_ptr())))
    }

    #[inline(always)]
    fn store(self, values: &mut [f32; TILE]) {
        intrinsics!(_mm512_storeu_ps(values.as_mut_ptr(), self.0));
    }

    #[inline(always)]
    fn load_half(values: &[f16; TILE]) -> Self {
        Self(intrinsics!(_mm512_cvtph_ps(values.as_ptr().cast::<__m256i>().read_unaligned())))
    }

    #[inline(always)]
    fn store_half(self, values: &mut [f16; TILE]) {
        intrinsics!(_mm256_storeu_si256(
            values.as_mut_ptr().cast(),
            _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(self.0)
        ));
    }

    #[inline(always)]
    fn store_bytes(self, values: &mut [i8; TILE]) {
        intrinsics!(_mm_storeu_si128(values.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(self.0))));
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(intrinsics!(_mm512_add_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(intrinsics!(_mm512_sub_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(intrinsics!(_mm512_mul_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        Self(intrinsics!(_mm512_div_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(intrinsics!(_mm512_max_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self(intrinsics!(_mm512_min_ps(self.0, other.0)))
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        Self(intrinsics!(_mm512_fmadd_ps(self.0, factor.0, term.0)))
    }

    #[inline(always)]
    fn power_of_two(self) -> Self {
        let biased = intrinsics!(_mm512_add_epi32(_mm512_cvtps_epi32(self.0), _mm512_set1_epi32(127)));
        Self(intrinsics!(_mm512_castsi512_ps(_mm512_slli_epi32::<23>(biased))))
    }

    #[inline(always)]
    fn first(self, count: usize, other: Self) -> Self {
        let mask = if count < TILE { (1u16 << count) - 1 } else { u16::MAX };
        Self(intrinsics!(_mm512_mask_mov_ps(other.0, mask, self.0)))
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        // The same halves onto halves as in the trait's own.
        intrinsics!({
            let high = _mm512_extractf32x8_ps::<1>(self.0);
            let eight = _mm256_add_ps(_mm512_castps512_ps256(self.0), high);
            let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        })
    }

    #[inline(always)]
    fn greatest(self) -> f32 {
        intrinsics!(_mm512_reduce_max_ps(self.0))
    }

    #[inline(always)]
    fn abs(self) -> Self {
        Self(intrinsics!(_mm512_abs_ps(self.0)))
    }

    #[inline(always)]
    fn prefetch(address: *const u8) {
        intrinsics!(_mm_prefetch::<_MM_HINT_T0>(address.cast()));
    }
}

impl Dot for Avx512 {
    /// Weights + 128, since `vpdpbusd` multiplies unsigned with signed bytes.
    type Weights = __m512i;
    type Sums = __m512i;

    #[inline(always)]
    fn weights(bytes: &[u8; 4 * TILE]) -> Self::Weights {
        intrinsics!(_mm512_xor_si512(_mm512_loadu_si512(bytes.as_ptr().cast()), _mm512_set1_epi8(i8::MIN)))
    }

    #[inline(always)]
    fn begin(inputs: i32) -> Self::Sums {
        intrinsics!(_mm512_set1_epi32(-128 * inputs))
    }

    #[inline(always)]
    fn dot(sums: Self::Sums, weights: Self::Weights, inputs: [i8; 4]) -> Self::Sums {
        intrinsics!(_mm512_dpbusd_epi32(sums, weights, _mm512_set1_epi32(bytemuck::cast(inputs))))
    }

    #[inline(always)]
    fn floats(sums: Self::Sums) -> Self {
        Self(intrinsics!(_mm512_cvtepi32_ps(sums)))
    }
}
