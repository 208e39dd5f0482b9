//! `y = x · W (+ b)`: GPT-2's `Conv1D` with weights (in, out), or a plain linear layer with weights (out, in).

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::product::{Matrix, Out, Threads, product};
use super::{Weight, given, math, rows, tensor, values, with};

/// Rows whose sums are taken together; the order of sums depends on it and on nothing else.
const TOGETHER: usize = 128;

/// How a layer's weights lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Order {
    /// (in, out)
    InOut,
    /// (out, in)
    OutIn,
}

/// A linear layer.
#[derive(Clone, Debug)]
pub(in super::super) struct Linear {
    pub(in super::super) weight: Weight,
    pub(in super::super) order: Order,
    /// (out)
    pub(in super::super) bias: Option<Weight>,
}

impl Linear {
    /// `x` (…, in) → (…, out).
    pub(in super::super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let needs_gradient = self.weight.gradient.is_some() || self.bias.as_ref().is_some_and(|b| b.gradient.is_some());
        let op = Op { layer: self.clone(), input_is_tracked: x.track_op() };
        match (x.track_op(), needs_gradient) {
            // Nothing before this layer learns, but the layer does: the tape has to reach it.
            (false, true) => candle_core::Var::from_tensor(x)?.as_tensor().apply_op1(op),
            _ => x.apply_op1(op),
        }
    }

    fn sizes(&self) -> Result<(usize, usize)> {
        let (a, b) = self.weight.tensor.dims2()?;
        Ok(if self.order == Order::InOut { (a, b) } else { (b, a) })
    }
}

struct Op {
    layer: Linear,
    input_is_tracked: bool,
}

/// Weights as (in, out), however they lie.
fn oriented(order: Order, weights: &[f32], (inputs, outputs): (usize, usize)) -> Matrix<'_> {
    match order {
        Order::InOut => Matrix::new(weights, inputs, outputs),
        Order::OutIn => Matrix::new(weights, outputs, inputs).t(),
    }
}

impl CustomOp1 for Op {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = values(storage, layout)?;
        let (count, width) = rows(layout.shape());
        let (inputs, outputs) = self.layer.sizes()?;
        if width != inputs {
            candle_core::bail!("a linear layer of {inputs} inputs was given {width}");
        }
        let mut y = vec![0.0; count * outputs]; // (N, out)
        if let Some(bias) = &self.layer.bias {
            with(&bias.tensor, |bias| y.par_chunks_mut(outputs).for_each(|row| row.copy_from_slice(bias)))?;
        }
        with(&self.layer.weight.tensor, |weights| {
            let weights = oriented(self.layer.order, weights, (inputs, outputs));
            let out = Out { values: &mut y, stride: outputs, add: self.layer.bias.is_some() };
            product(out, Matrix::new(x, count, inputs), weights, 1.0, Threads::All);
        })?;
        let mut dims = layout.dims().to_vec();
        *dims.last_mut().expect("a row has a width") = outputs;
        Ok(given(y, dims))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let (count, inputs) = rows(x.shape());
        let outputs = self.layer.sizes()?.1;
        let gradient = gradient.contiguous()?;
        with(&gradient, |gradient| {
            self.add_weights(x, gradient, (count, inputs, outputs))?;
            if !self.input_is_tracked {
                return Ok(None);
            }
            let mut dx = vec![0.0; count * inputs]; // (N, in)
            with(&self.layer.weight.tensor, |weights| {
                let weights = oriented(self.layer.order, weights, (inputs, outputs)).t();
                let out = Out { values: &mut dx, stride: inputs, add: false };
                product(out, Matrix::new(gradient, count, outputs), weights, 1.0, Threads::All);
            })?;
            tensor(dx, x.shape()).map(Some)
        })?
    }
}

impl Op {
    /// Adds the gradients of weights and bias to what was gathered before.
    fn add_weights(&self, x: &Tensor, gradient: &[f32], (count, inputs, outputs): (usize, usize, usize)) -> Result<()> {
        if let Some(sum) = self.layer.bias.as_ref().and_then(|bias| bias.gradient.as_ref()) {
            add_columns(gradient, outputs, &mut sum.values());
        }
        let Some(sum) = &self.layer.weight.gradient else { return Ok(()) };
        with(x, |x| {
            let (x, dy) = (Matrix::new(x, count, inputs), Matrix::new(gradient, count, outputs));
            let (a, b, stride) = match self.layer.order {
                Order::InOut => (x.t(), dy, outputs),
                Order::OutIn => (dy.t(), x, inputs),
            };
            product(Out { values: &mut sum.values(), stride, add: true }, a, b, 1.0, Threads::All);
        })
    }
}

/// Adds the sum of each column to `to`.
pub(super) fn add_columns(values: &[f32], width: usize, to: &mut [f32]) {
    let partial = |rows: &[f32]| {
        let mut sum = vec![0.0; width];
        rows.chunks_exact(width).for_each(|row| math::add(&mut sum, row));
        sum
    };
    let partials: Vec<Vec<f32>> = values.par_chunks(TOGETHER * width).map(partial).collect();
    partials.iter().for_each(|partial| math::add(to, partial));
}
