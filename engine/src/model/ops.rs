//! Operations on tensors that candle lacks or does slowly: in place, on all threads of the current pool.
//! Knows no model.

use candle_core::{CpuStorage, DType, InplaceOp1, InplaceOp2, Layout, Result, Storage, Tensor, bail};
use rayon::prelude::*;

use crate::kernels;

/// Below so many values a second thread costs more than it brings.
const VALUES_PER_THREAD: usize = 16 * 1024;

/// From so many rows on, a product's result is too large to be turned around.
const MANY_ROWS: usize = 64;

/// `x += y`, of equal shapes.
pub(super) fn add(x: &Tensor, y: &Tensor) -> Result<()> {
    x.inplace_op2(y, &Add)
}

/// Adds `bias` (C) to every row of `x` (N, C).
pub(super) fn add_bias(x: &Tensor, bias: &Tensor) -> Result<()> {
    x.inplace_op2(bias, &Add)
}

/// GELU by its tanh approximation.
pub(super) fn gelu_tanh(x: &Tensor) -> Result<()> {
    x.inplace_op1(&GeluTanh)
}

/// `x` (N, in) times `weight` (out, in) transposed → (N, out).
///
/// candle's product of few rows is fastest with the weights on the left; of many rows, it costs more to turn the result
/// around than that brings. For a single row it uses one thread only, so that is done here.
pub(super) fn multiply(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    match x.dim(0)? {
        1 => {}
        2..MANY_ROWS => return weight.matmul(&x.t()?)?.t()?.contiguous(),
        _ => return x.matmul(&weight.t()?),
    }
    let (outputs, inputs) = weight.dims2()?;
    if x.dim(1)? != inputs {
        bail!("a row has {} values, expected {inputs}", x.dim(1)?);
    }
    let mut out = vec![0.0; outputs];
    read(x, |x| {
        read(weight, |weight| {
            let rows = (VALUES_PER_THREAD / inputs).max(1);
            let parts = out.par_chunks_mut(rows).zip(weight.par_chunks(rows * inputs));
            parts.for_each(|(out, weight)| kernels::multiply(weight, x, out));
        })
    })??;
    Tensor::from_vec(out, (1, outputs), x.device())
}

/// Shows the values of a contiguous f32 tensor.
pub(super) fn read<T>(x: &Tensor, look: impl FnOnce(&[f32]) -> T) -> Result<T> {
    let (storage, layout) = x.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => values(storage, layout).map(look),
        _ => bail!("a tensor is not in main memory"),
    }
}

/// Bytes of a tensor's values.
pub(super) fn bytes(x: &Tensor) -> usize {
    x.elem_count() * DType::size_in_bytes(&x.dtype())
}

fn values<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let (CpuStorage::F32(values), Some((begin, end))) = (storage, layout.contiguous_offsets()) else {
        bail!("a tensor is not contiguous f32");
    };
    Ok(&values[begin..end])
}

fn values_mut<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> Result<&'a mut [f32]> {
    let (CpuStorage::F32(values), Some((begin, end))) = (storage, layout.contiguous_offsets()) else {
        bail!("a tensor is not contiguous f32");
    };
    Ok(&mut values[begin..end])
}

/// `x += y`, where y is repeated until x ends.
struct Add;

impl InplaceOp2 for Add {
    fn name(&self) -> &'static str {
        "add-in-place"
    }

    fn cpu_fwd(&self, x: &mut CpuStorage, x_layout: &Layout, y: &CpuStorage, y_layout: &Layout) -> Result<()> {
        let (x, y) = (values_mut(x, x_layout)?, values(y, y_layout)?);
        for row in x.chunks_mut(y.len().max(1)) {
            row.iter_mut().zip(y).for_each(|(x, y)| *x += y);
        }
        Ok(())
    }
}

struct GeluTanh;

impl InplaceOp1 for GeluTanh {
    fn name(&self) -> &'static str {
        "gelu-tanh-in-place"
    }

    fn cpu_fwd(&self, x: &mut CpuStorage, layout: &Layout) -> Result<()> {
        values_mut(x, layout)?.par_chunks_mut(VALUES_PER_THREAD).for_each(kernels::gelu_tanh);
        Ok(())
    }
}
