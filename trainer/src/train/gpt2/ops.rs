//! What candle's tape is given to run: the parts of a GPT-2 as fused operations, forward and backward, on the CPU.
//!
//! Each is one pass over its data where a composition of candle's own operations takes many, on rayon's threads, and gives
//! the same bytes however many there are. Gradients of weights are added where [`Gradient`] keeps them, so that steps of
//! several batches need no sums of their own, and what is frozen costs nothing. The compositions stand in the tests.

pub(super) mod activation;
pub(super) mod attention;
pub(super) mod cross_entropy;
pub(super) mod dropout;
pub(super) mod embedding;
pub(super) mod layer_norm;
pub(super) mod linear;
pub(super) mod math;
pub(super) mod product;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{CpuStorage, Device, Layout, Result, Shape, Tensor};

/// Where the gradient of a weight is added up. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Gradient(Arc<Mutex<Vec<f32>>>);

impl Gradient {
    pub(super) fn zeros(values: usize) -> Self {
        Self(Arc::new(Mutex::new(vec![0.0; values])))
    }

    pub(super) fn values(&self) -> MutexGuard<'_, Vec<f32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A weight, and its gradient unless it is frozen.
#[derive(Clone, Debug)]
pub(super) struct Weight {
    pub(super) tensor: Tensor,
    pub(super) gradient: Option<Gradient>,
}

/// The values of a contiguous tensor of f32.
fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let CpuStorage::F32(values) = storage else { candle_core::bail!("expected f32") };
    match layout.contiguous_offsets() {
        Some((begin, end)) => Ok(&values[begin..end]),
        None => candle_core::bail!("expected contiguous values"),
    }
}

/// What an operation gives back.
fn given(values: Vec<f32>, shape: impl Into<Shape>) -> (CpuStorage, Shape) {
    (CpuStorage::F32(values), shape.into())
}

/// Looks at the values of a tensor.
fn with<T>(tensor: &Tensor, look: impl FnOnce(&[f32]) -> T) -> Result<T> {
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        candle_core::Storage::Cpu(storage) => Ok(look(values(storage, layout)?)),
        _ => candle_core::bail!("expected a tensor of the CPU"),
    }
}

/// A tensor of new values.
fn tensor(values: Vec<f32>, shape: impl Into<Shape>) -> Result<Tensor> {
    Tensor::from_vec(values, shape, &Device::Cpu)
}

/// Rows and width of a tensor, all but whose last dimension count as rows.
fn rows(shape: &Shape) -> (usize, usize) {
    let width = shape.dims().last().copied().unwrap_or(1);
    (shape.elem_count() / width.max(1), width)
}
