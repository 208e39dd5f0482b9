//! Dropout whose mask follows from a key, a site and the value's place: nothing to keep, the same in every run.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::{given, tensor, values, with};

const TOGETHER: usize = 1 << 14;

/// Which values are dropped, and how what stays is scaled.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Dropout {
    pub(in super::super) probability: f32,
    /// Differs from step to step, and from site to site of a model.
    pub(in super::super) key: u64,
}

impl Dropout {
    /// `x` with some values zero; `x` itself where nothing is dropped.
    pub(in super::super) fn apply(dropout: Option<Self>, x: Tensor) -> Result<Tensor> {
        match dropout {
            Some(dropout) => x.apply_op1(dropout),
            None => Ok(x),
        }
    }

    /// What the value at a place is multiplied with: 0, or 1 / (1 - p).
    pub(in super::super) fn factor(&self, place: usize) -> f32 {
        // The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
        let mut z = self.key.wrapping_add((place as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let uniform = ((z ^ (z >> 31)) >> 40) as f32 / (1_u64 << 24) as f32;
        if uniform < self.probability { 0.0 } else { 1.0 / (1.0 - self.probability) }
    }

    fn masked(&self, values: &[f32]) -> Vec<f32> {
        let mut out = vec![0.0; values.len()];
        out.par_chunks_mut(TOGETHER).zip(values.par_chunks(TOGETHER)).enumerate().for_each(|(chunk, (out, values))| {
            for (at, (out, value)) in out.iter_mut().zip(values).enumerate() {
                *out = value * self.factor(chunk * TOGETHER + at);
            }
        });
        out
    }
}

impl CustomOp1 for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        Ok(given(self.masked(values(storage, layout)?), layout.shape()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let dx = with(&gradient.contiguous()?, |gradient| self.masked(gradient))?;
        tensor(dx, x.shape()).map(Some)
    }
}
