//! Rows of the token table and of the position table, added: ids (B, T) → (B, T, C).

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, Var};
use rayon::prelude::*;

use super::{Weight, given, math, tensor, values, with};

/// Both tables.
#[derive(Clone, Debug)]
pub(in super::super) struct Embedding {
    /// (V, C)
    pub(in super::super) tokens: Weight,
    /// (P, C)
    pub(in super::super) positions: Weight,
}

struct Op {
    tables: Embedding,
    ids: Vec<u32>,
    columns: usize,
}

impl Embedding {
    /// The embeddings of rows of `columns` ids.
    pub(in super::super) fn forward(&self, ids: &[u32], columns: usize) -> Result<Tensor> {
        let ((vocabulary, width), positions) = (self.tokens.tensor.dims2()?, self.positions.tensor.dims2()?.0);
        if let Some(id) = ids.iter().find(|id| **id as usize >= vocabulary) {
            candle_core::bail!("the token {id} is beyond the vocabulary's {vocabulary} rows");
        }
        if columns > positions {
            candle_core::bail!("a row of {columns} tokens is longer than the model's {positions} positions");
        }
        let op = Op { tables: self.clone(), ids: ids.to_vec(), columns };
        let learns = self.tokens.gradient.is_some() || self.positions.gradient.is_some();
        // An operation needs an argument; this one is zero, and carries the tape where the tables learn.
        let zeros = tensor(vec![0.0; ids.len() * width], (ids.len() / columns.max(1), columns, width))?;
        if learns { Var::from_tensor(&zeros)?.as_tensor().apply_op1(op) } else { zeros.apply_op1(op) }
    }
}

impl CustomOp1 for Op {
    fn name(&self) -> &'static str {
        "embedding"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let width = self.tables.tokens.tensor.dims2()?.1;
        let mut out = vec![0.0; values(storage, layout)?.len()];
        with(&self.tables.tokens.tensor, |tokens| {
            with(&self.tables.positions.tensor, |positions| {
                out.par_chunks_mut(width).zip(&self.ids).enumerate().for_each(|(at, (out, id))| {
                    let (token, position) = (*id as usize * width, at % self.columns * width);
                    out.copy_from_slice(&tokens[token..token + width]);
                    math::add(out, &positions[position..position + width]);
                });
            })
        })??;
        Ok(given(out, layout.shape()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let width = self.tables.tokens.tensor.dims2()?.1;
        with(&gradient.contiguous()?, |gradient| {
            let add = |weight: &Weight, row: &dyn Fn(usize) -> usize| {
                let Some(sum) = &weight.gradient else { return };
                let mut sum = sum.values();
                for (at, gradient) in gradient.chunks_exact(width).enumerate() {
                    let row = row(at) * width;
                    math::add(&mut sum[row..row + width], gradient);
                }
            };
            add(&self.tables.tokens, &|at| self.ids[at] as usize);
            add(&self.tables.positions, &|at| at % self.columns);
        })?;
        Ok(None)
    }
}
