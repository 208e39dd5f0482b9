//! The token table, which serves as embedding and, in a tied model, as output layer too: one copy in memory for both.

use std::sync::Arc;

use candle_core::quantized::QTensor;
use candle_core::{Device, Result, Tensor};

use super::linear::{Linear, fits_blocks, quantize};
use super::ops;
use crate::key::Precision;

/// One row per token.
pub(crate) enum TokenTable {
    /// (V, C)
    F32(Tensor),
    /// (V padded, C)
    Int8 { table: Arc<QTensor>, rows: usize },
}

impl TokenTable {
    /// A table from `weight` (V, C).
    pub(crate) fn new(name: &str, weight: Tensor, precision: Precision) -> Result<Self> {
        let (rows, width) = weight.dims2()?;
        match precision {
            Precision::Int8 if fits_blocks(name, width) => Ok(Self::Int8 { table: quantize(&weight)?, rows }),
            _ => Ok(Self::F32(weight)),
        }
    }

    /// Rows of `ids` (N) → (N, C).
    pub(crate) fn embed(&self, ids: Vec<u32>) -> Result<Tensor> {
        let ids = Tensor::new(ids, &Device::Cpu)?;
        match self {
            Self::F32(table) => table.index_select(&ids, 0),
            Self::Int8 { table, .. } => table.embedding(&ids),
        }
    }

    /// The output layer that shares this table.
    pub(crate) fn as_head(&self) -> Result<Linear> {
        match self {
            Self::F32(table) => Ok(Linear::F32 { weight: table.clone(), bias: None }),
            Self::Int8 { table, rows } => Linear::int8(table, *rows, None),
        }
    }

    /// Bytes of the table.
    pub(crate) fn memory(&self) -> usize {
        match self {
            Self::F32(table) => ops::bytes(table),
            Self::Int8 { table, .. } => table.storage_size_in_bytes(),
        }
    }
}
