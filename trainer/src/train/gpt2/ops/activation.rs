//! The feed-forward layer's nonlinearity, by what `config.json` names.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use maskarad_engine::config::Activation as Kind;
use rayon::prelude::*;

use super::{given, math, tensor, values, with};

/// Values that a thread takes at once.
const TOGETHER: usize = 1 << 14;

/// √(2/π)
const ROOT: f32 = 0.797_884_6;
const CUBIC: f32 = 0.044_715;

/// An activation; any shape.
pub(in super::super) struct Activation(pub(in super::super) Kind);

fn gelu_tanh(x: f32) -> f32 {
    0.5 * x * (1.0 + math::tanh(ROOT * (x + CUBIC * x * x * x)))
}

fn gelu_tanh_slope(x: f32) -> f32 {
    let t = math::tanh(ROOT * (x + CUBIC * x * x * x));
    0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * ROOT * (1.0 + 3.0 * CUBIC * x * x)
}

fn gelu_erf(x: f32) -> f32 {
    0.5 * x * (1.0 + libm::erff(x * std::f32::consts::FRAC_1_SQRT_2))
}

fn gelu_erf_slope(x: f32) -> f32 {
    let density = (-0.5 * x * x).exp() * 0.398_942_3; // 1/√(2π)
    0.5 * (1.0 + libm::erff(x * std::f32::consts::FRAC_1_SQRT_2)) + x * density
}

fn each(x: &[f32], y: &mut [f32], function: impl Fn(f32, f32) -> f32 + Sync) {
    y.par_chunks_mut(TOGETHER).zip(x.par_chunks(TOGETHER)).for_each(|(y, x)| {
        for (y, x) in y.iter_mut().zip(x) {
            *y = function(*x, *y);
        }
    });
}

impl CustomOp1 for Activation {
    fn name(&self) -> &'static str {
        "activation"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = values(storage, layout)?;
        let mut y = vec![0.0; x.len()];
        match self.0 {
            Kind::GeluTanh => each(x, &mut y, |x, _| gelu_tanh(x)),
            Kind::GeluErf => each(x, &mut y, |x, _| gelu_erf(x)),
            Kind::Relu => each(x, &mut y, |x, _| x.max(0.0)),
        }
        Ok(given(y, layout.shape()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let mut dx: Vec<f32> = with(&gradient.contiguous()?, <[f32]>::to_vec)?;
        with(x, |x| match self.0 {
            Kind::GeluTanh => each(x, &mut dx, |x, dy| dy * gelu_tanh_slope(x)),
            Kind::GeluErf => each(x, &mut dx, |x, dy| dy * gelu_erf_slope(x)),
            Kind::Relu => each(x, &mut dx, |x, dy| if x > 0.0 { dy } else { 0.0 }),
        })?;
        tensor(dx, x.shape()).map(Some)
    }
}
