//! Layer norm: `y = (x - mean) / sqrt(variance + ε) · g + b`, over the last dimension.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::{Weight, given, math, rows, tensor, values, with};

/// Rows whose sums are taken together.
const TOGETHER: usize = 64;

/// A layer norm.
#[derive(Clone, Debug)]
pub(in super::super) struct LayerNorm {
    /// (C)
    pub(in super::super) weight: Weight,
    /// (C)
    pub(in super::super) bias: Weight,
    pub(in super::super) epsilon: f32,
}

impl LayerNorm {
    /// `x` (…, C) → the same shape.
    pub(in super::super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let learns = self.weight.gradient.is_some() || self.bias.gradient.is_some();
        match (x.track_op(), learns) {
            (false, true) => candle_core::Var::from_tensor(x)?.as_tensor().apply_op1(self.clone()),
            _ => x.apply_op1(self.clone()),
        }
    }

    /// Mean, and one over the deviation.
    fn moments(&self, row: &[f32]) -> (f32, f32) {
        let width = row.len() as f32;
        let mean = math::sum_of(row, |x| x) / width;
        let variance = math::sum_of(row, |x| (x - mean) * (x - mean)) / width;
        (mean, 1.0 / (variance + self.epsilon).sqrt())
    }

    /// The gradient of some rows of `x` into `dx`; returns those of weight and bias, one behind the other.
    fn backward(&self, weight: &[f32], (x, dy): (&[f32], &[f32]), dx: &mut [f32]) -> Vec<f32> {
        let width = weight.len();
        let mut sums = vec![0.0; 2 * width];
        let (dweight, dbias) = sums.split_at_mut(width);
        let rows = x.chunks_exact(width).zip(dy.chunks_exact(width)).zip(dx.chunks_exact_mut(width));
        for ((x, dy), dx) in rows {
            let (mean, scale) = self.moments(x);
            let normal = |x: f32| (x - mean) * scale;
            for ((dx, dy), weight) in dx.iter_mut().zip(dy).zip(weight) {
                *dx = dy * weight;
            }
            let mean_gradient = math::sum_of(dx, |g| g) / width as f32;
            let along = scale * (math::dot(dx, x) - mean * mean_gradient * width as f32) / width as f32;
            for ((dx, x), ((dy, dweight), dbias)) in
                dx.iter_mut().zip(x).zip(dy.iter().zip(dweight.iter_mut()).zip(dbias.iter_mut()))
            {
                let normal = normal(*x);
                *dx = scale * (*dx - mean_gradient - normal * along);
                *dweight += dy * normal;
                *dbias += dy;
            }
        }
        sums
    }
}

impl CustomOp1 for LayerNorm {
    fn name(&self) -> &'static str {
        "layer-norm"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = values(storage, layout)?;
        let (_, width) = rows(layout.shape());
        let mut y = vec![0.0; x.len()];
        with(&self.weight.tensor, |weight| {
            with(&self.bias.tensor, |bias| {
                y.par_chunks_mut(width).zip(x.par_chunks(width)).with_min_len(16).for_each(|(y, x)| {
                    let (mean, scale) = self.moments(x);
                    for ((y, x), (weight, bias)) in y.iter_mut().zip(x).zip(weight.iter().zip(bias)) {
                        *y = (x - mean) * scale * weight + bias;
                    }
                });
            })
        })??;
        Ok(given(y, layout.shape()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let (_, width) = rows(x.shape());
        let gradient = gradient.contiguous()?;
        let mut dx = vec![0.0; x.elem_count()];
        let sums: Vec<Vec<f32>> = with(&self.weight.tensor, |weight| {
            with(x, |x| {
                with(&gradient, |dy| {
                    let together = TOGETHER * width;
                    let rows = x.par_chunks(together).zip(dy.par_chunks(together)).zip(dx.par_chunks_mut(together));
                    rows.map(|(given, dx)| self.backward(weight, given, dx)).collect()
                })
            })
        })???;
        let add = |to: &Weight, from: usize| {
            if let Some(gradient) = &to.gradient {
                let mut to = gradient.values();
                sums.iter().for_each(|sums| math::add(&mut to, &sums[from..from + width]));
            }
        };
        add(&self.weight, 0);
        add(&self.bias, width);
        tensor(dx, x.shape()).map(Some)
    }
}
