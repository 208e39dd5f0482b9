//! A linear layer in either precision: the one place that knows how a weight matrix is stored and multiplied.

use std::sync::Arc;

use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{Module, Result, Tensor};

use super::ops;
use crate::key::Precision;

/// Values that share a scale in `Q8_0`.
const BLOCK: usize = 32;
/// candle's fast int8 product needs the outputs to be a multiple of this.
const OUTPUT_TILE: usize = 16;

/// `y = x · weight + bias`.
pub(crate) enum Linear {
    /// Weights in f32.
    F32 {
        /// (out, in)
        weight: Tensor,
        /// (out)
        bias: Option<Tensor>,
    },
    /// Weights in 8 bits.
    Int8 {
        /// (out padded to tiles, in)
        weight: Arc<QTensor>,
        product: QMatMul,
        /// (out)
        bias: Option<Tensor>,
        outputs: usize,
    },
}

impl Linear {
    /// A layer from `weight` (in, out), as Hugging Face's `Conv1D` stores it. A weight whose inputs are no multiple of
    /// the quantized block stays f32, and the log says so.
    pub(crate) fn new(name: &str, weight: Tensor, bias: Option<Tensor>, precision: Precision) -> Result<Self> {
        let weight = weight.t()?.contiguous()?; // (out, in)
        let (outputs, inputs) = weight.dims2()?;
        match precision {
            Precision::Int8 if fits_blocks(name, inputs) => Self::int8(&quantize(&weight)?, outputs, bias),
            _ => Ok(Self::F32 { weight, bias }),
        }
    }

    /// A layer of 8-bit `weight` (out padded, in), of which the first `outputs` rows count.
    pub(crate) fn int8(weight: &Arc<QTensor>, outputs: usize, bias: Option<Tensor>) -> Result<Self> {
        let product = QMatMul::from_arc(weight.clone())?;
        Ok(Self::Int8 { weight: weight.clone(), product, bias, outputs })
    }

    /// `x` (N, in) → (N, out).
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (y, bias) = match self {
            Self::F32 { weight, bias } => (ops::multiply(x, weight)?, bias),
            Self::Int8 { weight, product, bias, outputs } => {
                let y = product.forward(x)?; // (N, out padded)
                let is_padded = weight.shape().dims2()?.0 != *outputs;
                (if is_padded { y.narrow(1, 0, *outputs)?.contiguous()? } else { y }, bias)
            }
        };
        if let Some(bias) = bias {
            ops::add_bias(&y, bias)?;
        }
        Ok(y) // (N, out)
    }

    /// Bytes of the weights.
    pub(crate) fn memory(&self) -> usize {
        let (weight, bias) = match self {
            Self::F32 { weight, bias } => (ops::bytes(weight), bias),
            Self::Int8 { weight, bias, .. } => (weight.storage_size_in_bytes(), bias),
        };
        weight + bias.as_ref().map_or(0, ops::bytes)
    }
}

/// Whether rows of `inputs` values can be quantized.
pub(super) fn fits_blocks(name: &str, inputs: usize) -> bool {
    let fits = inputs.is_multiple_of(BLOCK);
    if !fits {
        tracing::info!(tensor = name, inputs, block = BLOCK, "stays f32: its inputs don't divide into int8 blocks");
    }
    fits
}

/// Quantizes `weight` (out, in), with rows of zeros up to a full tile.
pub(super) fn quantize(weight: &Tensor) -> Result<Arc<QTensor>> {
    let outputs = weight.dim(0)?;
    let padding = outputs.next_multiple_of(OUTPUT_TILE) - outputs;
    let weight = weight.contiguous()?.pad_with_zeros(0, 0, padding)?;
    QTensor::quantize(&weight, GgmlDType::Q8_0).map(Arc::new)
}
