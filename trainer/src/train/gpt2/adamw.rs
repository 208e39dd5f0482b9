//! AdamW (Loshchilov, Hutter 2019) as torch has it, in place and in one pass, with clipping by the norm of all gradients.

use std::cell::RefCell;

use candle_core::{CpuStorage, InplaceOp1, Layout, Result};
use rayon::prelude::*;

use super::parameters::{Parameter, Parameters};

/// Values that a thread takes at once; sums follow its borders.
const TOGETHER: usize = 1 << 16;

/// How weights learn from gradients.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamWConfig {
    /// Decay of both moments.
    pub betas: (f64, f64),
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Of matrices; biases and layer norms have none.
    pub weight_decay: f64,
    /// Gradients with a greater norm are scaled down to it.
    pub max_grad_norm: Option<f64>,
}

impl Default for AdamWConfig {
    fn default() -> Self {
        Self { betas: (0.9, 0.999), epsilon: 1e-8, weight_decay: 0.01, max_grad_norm: Some(1.0) }
    }
}

/// Both moments of every parameter, and the steps that made them.
#[derive(Debug)]
pub(super) struct Moments {
    pub(super) steps: u64,
    /// By parameter.
    pub(super) values: Vec<Pair>,
}

/// The moments of one parameter.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) first: Vec<f32>,
    pub(super) second: Vec<f32>,
}

/// The numbers of one step.
#[derive(Clone, Copy)]
struct Step {
    clip: f32,
    betas: (f32, f32),
    /// `1 - lr · weight_decay`
    shrink: f32,
    /// `lr / (1 - β₁ᵗ)`
    rate: f32,
    /// `1 / √(1 - β₂ᵗ)`
    root: f32,
    epsilon: f32,
}

impl Moments {
    pub(super) fn new(parameters: &Parameters) -> Self {
        let zeros = |parameter: &Parameter| {
            let zeros = vec![0.0; parameter.tensor.elem_count()];
            Pair { first: zeros.clone(), second: zeros }
        };
        Self { steps: 0, values: parameters.0.iter().map(zeros).collect() }
    }

    /// Moves all parameters, and clears their gradients. Returns the gradients' norm before clipping.
    pub(super) fn step(&mut self, parameters: &Parameters, config: &AdamWConfig, rate: f64) -> Result<f64> {
        let norm = parameters.0.iter().map(squares).sum::<f64>().sqrt();
        let clip = match config.max_grad_norm {
            Some(most) => (most / (norm + 1e-6)).min(1.0),
            None => 1.0,
        };
        self.steps += 1;
        let (beta1, beta2) = config.betas;
        let correction = |beta: f64| 1.0 - beta.powf(self.steps as f64);
        for (parameter, pair) in parameters.0.iter().zip(&mut self.values) {
            let decay = if parameter.decays() { config.weight_decay } else { 0.0 };
            let step = Step {
                clip: clip as f32,
                betas: (beta1 as f32, beta2 as f32),
                shrink: (1.0 - rate * decay) as f32,
                rate: (rate / correction(beta1)) as f32,
                root: (1.0 / correction(beta2).sqrt()) as f32,
                epsilon: config.epsilon as f32,
            };
            let gradient = &mut *parameter.gradient.values();
            parameter.tensor.inplace_op1(&Update { step, given: RefCell::new((pair, gradient)) })?;
        }
        Ok(norm)
    }
}

/// The sum of a gradient's squares.
fn squares(parameter: &Parameter) -> f64 {
    let of = |chunk: &[f32]| f64::from(super::ops::math::sum_of(chunk, |value| value * value));
    let parts: Vec<f64> = parameter.gradient.values().par_chunks(TOGETHER).map(of).collect();
    parts.iter().sum()
}

/// The change of one parameter.
struct Update<'a> {
    step: Step,
    given: RefCell<(&'a mut Pair, &'a mut Vec<f32>)>,
}

impl InplaceOp1 for Update<'_> {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let (CpuStorage::F32(weights), Some((begin, end))) = (storage, layout.contiguous_offsets()) else {
            candle_core::bail!("expected contiguous weights of f32");
        };
        let (pair, gradient) = &mut *self.given.borrow_mut();
        let moments = pair.first.par_chunks_mut(TOGETHER).zip(pair.second.par_chunks_mut(TOGETHER));
        let weights = weights[begin..end].par_chunks_mut(TOGETHER);
        let step = self.step;
        weights.zip(gradient.par_chunks_mut(TOGETHER)).zip(moments).for_each(
            |((weights, gradient), (first, second))| {
                step.apply(weights, gradient, first, second);
            },
        );
        Ok(())
    }
}

impl Step {
    fn apply(&self, weights: &mut [f32], gradient: &mut [f32], first: &mut [f32], second: &mut [f32]) {
        let Self { clip, betas: (beta1, beta2), shrink, rate, root, epsilon } = *self;
        for (((weight, gradient), first), second) in weights.iter_mut().zip(gradient).zip(first).zip(second) {
            let slope = *gradient * clip;
            *gradient = 0.0;
            *first += (1.0 - beta1) * (slope - *first);
            *second = beta2 * *second + (1.0 - beta2) * slope * slope;
            *weight = *weight * shrink - rate * *first / (second.sqrt() * root + epsilon);
        }
    }
}
