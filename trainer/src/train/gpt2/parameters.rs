//! What learns: named weights with their gradients.

use candle_core::{Tensor, Var};

use super::ops::{Gradient, Weight};

/// A weight that learns.
#[derive(Debug)]
pub(super) struct Parameter {
    /// As the exported file names it.
    pub(super) name: String,
    pub(super) tensor: Tensor,
    pub(super) gradient: Gradient,
}

impl Parameter {
    /// Whether weight decay shrinks it: matrices yes, biases and layer norms no.
    pub(super) fn decays(&self) -> bool {
        self.tensor.rank() > 1
    }
}

/// All of them, in the order of the model.
#[derive(Debug, Default)]
pub(super) struct Parameters(pub(super) Vec<Parameter>);

impl Parameters {
    /// Makes a tensor a weight that learns.
    pub(super) fn add(&mut self, name: String, tensor: &Tensor) -> candle_core::Result<Weight> {
        let tensor = Var::from_tensor(tensor)?.as_detached_tensor();
        let gradient = Gradient::zeros(tensor.elem_count());
        let weight = Weight { tensor: tensor.clone(), gradient: Some(gradient.clone()) };
        self.0.push(Parameter { name, tensor, gradient });
        Ok(weight)
    }
}
