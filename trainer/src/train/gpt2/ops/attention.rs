//! Causal self-attention over (B, T, 3C) → (B, T, C). Probabilities are computed again on the way back rather than kept.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::dropout::Dropout;
use super::product::{Matrix, Out, Threads, product};
use super::{given, math, tensor, values, with};

/// Attention of one block.
pub(in super::super) struct Attention {
    pub(in super::super) heads: usize,
    /// Factor of the scores.
    pub(in super::super) scale: f32,
    /// Of probabilities.
    pub(in super::super) dropout: Option<Dropout>,
}

/// Sizes of a batch.
#[derive(Clone, Copy)]
struct Sizes {
    tokens: usize,
    width: usize,
    head: usize,
}

/// Square matrices (T, T) that a sequence's heads use one after the other.
struct Scratch {
    /// Probabilities.
    p: Vec<f32>,
    /// Those after dropout.
    dropped: Vec<f32>,
    /// Gradients.
    d: Vec<f32>,
}

impl Scratch {
    fn new(tokens: usize) -> Self {
        let square = || vec![0.0; tokens * tokens];
        Self { p: square(), dropped: square(), d: square() }
    }
}

impl Attention {
    fn sizes(&self, dims: &[usize]) -> Result<Sizes> {
        let [_, tokens, triple] = *dims else { candle_core::bail!("expected (B, T, 3C)") };
        let width = triple / 3;
        Ok(Sizes { tokens, width, head: width / self.heads })
    }

    /// Probabilities of a head of the sequence of this index, and those after dropout.
    fn probabilities(&self, qkv: &[f32], (sequence, head): (usize, usize), sizes: Sizes, scratch: &mut Scratch) {
        let Sizes { tokens, .. } = sizes;
        let (q, k) = (part(qkv, 0, head, sizes), part(qkv, 1, head, sizes));
        let out = Out { values: &mut scratch.p, stride: tokens, add: false };
        product(out, q, k.t(), self.scale, Threads::One); // (T, T)
        for (at, row) in scratch.p.chunks_exact_mut(tokens).enumerate() {
            let (_, sum) = math::exponents(&mut row[..=at]);
            row[..=at].iter_mut().for_each(|p| *p /= sum);
            row[at + 1..].fill(0.0);
        }
        let Some(dropout) = self.dropout else {
            scratch.dropped.copy_from_slice(&scratch.p);
            return;
        };
        let first = (sequence * self.heads + head) * tokens * tokens;
        for (at, (dropped, p)) in scratch.dropped.iter_mut().zip(&scratch.p).enumerate() {
            *dropped = if *p == 0.0 { 0.0 } else { p * dropout.factor(first + at) };
        }
    }

    /// One sequence: `qkv` (T, 3C) → `out` (T, C).
    fn forward(&self, sequence: usize, qkv: &[f32], out: &mut [f32], sizes: Sizes) {
        let Sizes { tokens, width, head: size } = sizes;
        let mut scratch = Scratch::new(tokens);
        for head in 0..self.heads {
            self.probabilities(qkv, (sequence, head), sizes, &mut scratch);
            let out = Out { values: &mut out[head * size..], stride: width, add: false };
            product(out, Matrix::new(&scratch.dropped, tokens, tokens), part(qkv, 2, head, sizes), 1.0, Threads::One);
        }
    }

    /// One sequence: the gradient of `qkv` from that of the result.
    fn backward(&self, sequence: usize, (qkv, dout): (&[f32], &[f32]), dqkv: &mut [f32], sizes: Sizes) {
        let Sizes { tokens, width, head: size } = sizes;
        let mut scratch = Scratch::new(tokens);
        for head in 0..self.heads {
            self.probabilities(qkv, (sequence, head), sizes, &mut scratch);
            let dout = Matrix::strided(&dout[head * size..], (tokens, size), width); // (T, D)
            let (q, k, v) = (part(qkv, 0, head, sizes), part(qkv, 1, head, sizes), part(qkv, 2, head, sizes));
            let mut into = |third: usize, a: Matrix<'_>, b: Matrix<'_>, scale: f32| {
                let out = Out { values: &mut dqkv[third * width + head * size..], stride: 3 * width, add: false };
                product(out, a, b, scale, Threads::One);
            };
            into(2, Matrix::new(&scratch.dropped, tokens, tokens).t(), dout, 1.0);
            let out = Out { values: &mut scratch.d, stride: tokens, add: false };
            product(out, dout, v.t(), 1.0, Threads::One); // of the dropped probabilities
            self.through_softmax(&mut scratch, tokens);
            into(0, Matrix::new(&scratch.d, tokens, tokens), k, self.scale);
            into(1, Matrix::new(&scratch.d, tokens, tokens).t(), q, self.scale);
        }
    }

    /// `d`, the gradient of dropped probabilities, becomes that of scores: `dS = P ∘ (dP - Σ dP ∘ P)`.
    fn through_softmax(&self, scratch: &mut Scratch, tokens: usize) {
        let Scratch { p, dropped, d } = scratch;
        let rows = p.chunks_exact(tokens).zip(dropped.chunks_exact(tokens)).zip(d.chunks_exact_mut(tokens));
        for (at, ((p, dropped), d)) in rows.enumerate() {
            // dP ∘ P is the gradient times what was left of P by dropout.
            let sum = math::dot(&d[..=at], &dropped[..=at]);
            for ((d, p), dropped) in d[..=at].iter_mut().zip(p).zip(dropped) {
                *d = *d * dropped - p * sum;
            }
            d[at + 1..].fill(0.0);
        }
    }
}

/// Queries (0), keys (1) or values (2) of a head: (T, D) within (T, 3C).
fn part(qkv: &[f32], third: usize, head: usize, sizes: Sizes) -> Matrix<'_> {
    let begin = third * sizes.width + head * sizes.head;
    Matrix::strided(&qkv[begin..], (sizes.tokens, sizes.head), 3 * sizes.width)
}

impl CustomOp1 for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let qkv = values(storage, layout)?;
        let sizes = self.sizes(layout.dims())?;
        let mut out = vec![0.0; qkv.len() / 3];
        let (long, short) = (sizes.tokens * 3 * sizes.width, sizes.tokens * sizes.width);
        out.par_chunks_mut(short).zip(qkv.par_chunks(long)).enumerate().for_each(|(sequence, (out, qkv))| {
            self.forward(sequence, qkv, out, sizes);
        });
        let [batch, tokens, _] = *layout.dims() else { candle_core::bail!("expected (B, T, 3C)") };
        Ok(given(out, (batch, tokens, sizes.width)))
    }

    fn bwd(&self, qkv: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let sizes = self.sizes(qkv.dims())?;
        let gradient = gradient.contiguous()?;
        let mut dqkv = vec![0.0; qkv.elem_count()];
        let (long, short) = (sizes.tokens * 3 * sizes.width, sizes.tokens * sizes.width);
        with(qkv, |qkv| {
            with(&gradient, |gradient| {
                let sequences = qkv.par_chunks(long).zip(gradient.par_chunks(short)).zip(dqkv.par_chunks_mut(long));
                sequences.enumerate().for_each(|(sequence, (given, dqkv))| self.backward(sequence, given, dqkv, sizes));
            })
        })??;
        tensor(dqkv, qkv.shape()).map(Some)
    }
}
