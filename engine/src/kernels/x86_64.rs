//! The scalar kernels compiled for AVX2 and FMA. Nothing here is computed differently, only wider.

use super::scalar::{self, Head};

/// Whether this processor has what this module needs.
pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")
}

pub(super) fn attend(head: &Head<'_>, scores: &mut Vec<f32>, out: &mut [f32]) {
    #[target_feature(enable = "avx2,fma")]
    fn vectorised(head: &Head<'_>, scores: &mut Vec<f32>, out: &mut [f32]) {
        scalar::attend::<true>(head, scores, out);
    }
    debug_assert!(is_available());
    // SAFETY: the caller has asked `is_available`, so the processor has AVX2 and FMA.
    unsafe { vectorised(head, scores, out) }
}

pub(super) fn gelu_tanh(values: &mut [f32]) {
    #[target_feature(enable = "avx2,fma")]
    fn vectorised(values: &mut [f32]) {
        scalar::gelu_tanh::<true>(values);
    }
    debug_assert!(is_available());
    // SAFETY: the caller has asked `is_available`, so the processor has AVX2 and FMA.
    unsafe { vectorised(values) }
}

pub(super) fn multiply(rows: &[f32], x: &[f32], out: &mut [f32]) {
    #[target_feature(enable = "avx2,fma")]
    fn vectorised(rows: &[f32], x: &[f32], out: &mut [f32]) {
        scalar::multiply::<true>(rows, x, out);
    }
    debug_assert!(is_available());
    // SAFETY: the caller has asked `is_available`, so the processor has AVX2 and FMA.
    unsafe { vectorised(rows, x, out) }
}
