//! The x86-64 instruction sets: each kernel compiled for each of them. Nothing is computed differently, only wider.

pub(super) mod amx;
mod avx2;
mod avx512;

use super::{attention, elementwise, lanes, product, remember, rows};

/// Calls intrinsics of the instruction set that the type at hand stands for.
macro_rules! intrinsics {
    ($call:expr) => {{
        // SAFETY: only functions compiled for an instruction set use its types, and only a `Kernels` calls those, which
        // exists for sets that this processor has. Pointers come from references to arrays of the size read or written.
        unsafe { $call }
    }};
}
use intrinsics;

/// All kernels, compiled with some target features for some lanes.
macro_rules! compiled {
    ($name:ident, $lanes:ty, $features:literal) => {
        /// The kernels with these target features. Calling one is safe on a processor that has them.
        pub(super) mod $name {
            use super::*;

            type Lanes = $lanes;

            #[target_feature(enable = $features)]
            pub(in super::super) fn int8(product: &product::Int8<'_>, out: &mut [[f32; 16]]) {
                product::int8::<Lanes>(product, out);
            }

            #[target_feature(enable = $features)]
            pub(in super::super) fn f32(product: &product::F32<'_>, out: &mut [[f32; 16]]) {
                product::f32::<Lanes>(product, out);
            }

            #[target_feature(enable = $features)]
            pub(in super::super) fn attend<E: lanes::Element>(
                head: attention::Head<'_, E>,
                scratch: &mut attention::Scratch,
            ) {
                attention::attend::<Lanes, E>(head, scratch);
            }

            #[target_feature(enable = $features)]
            pub(in super::super) fn remember<E: lanes::Element>(
                past: &mut remember::Past<'_, E>,
                at: usize,
                key: &[f32],
                value: &[f32],
            ) {
                remember::remember::<Lanes, E>(past, at, key, value);
            }

            #[target_feature(enable = $features)]
            pub(in super::super) fn layer_norm(norm: &rows::LayerNorm<'_>, x: rows::PanelRow<'_>, out: &mut [f32]) {
                rows::layer_norm::<Lanes>(norm, x, out);
            }

            #[target_feature(enable = $features)]
            pub(in super::super) fn quantize(row: &[f32], groups: &mut [rows::Group]) {
                rows::quantize::<Lanes>(row, groups);
            }

            #[target_feature(enable = $features)]
            pub(in super::super) fn gelu_tanh(values: &mut [[f32; 16]]) {
                elementwise::gelu_tanh::<Lanes>(values);
            }
        }
    };
}

compiled!(avx2_code, avx2::Avx2<false>, "avx2,fma,f16c");
compiled!(avx_vnni_code, avx2::Avx2<true>, "avx2,fma,f16c,avxvnni");
compiled!(avx512_code, avx512::Avx512, "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c");

/// Whether this processor has AVX2, FMA and F16C.
pub(super) fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c")
}

/// Whether it has AVX-VNNI as well.
pub(super) fn has_avx_vnni() -> bool {
    has_avx2() && is_x86_feature_detected!("avxvnni")
}

/// Whether it has AVX-512 with VNNI.
pub(super) fn has_avx512() -> bool {
    has_avx2()
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vnni")
}

/// Whether it has AMX for bytes besides, and the system allows it.
pub(super) fn has_amx() -> bool {
    amx::is_available()
}
