//! The output layer and the loss in one: of (N, C) only rows with a label, some at a time, so that logits (N, V) never
//! stand in memory as a whole. Gradients are made on the way forward, where the logits are at hand.

use std::sync::Mutex;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, Var};
use rayon::prelude::*;

use super::product::{Matrix, Out, Threads, product};
use super::{Weight, given, math, tensor, values, with};

/// Rows whose logits are in memory at once.
const TOGETHER: usize = 256;

/// What a batch gave.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in super::super) struct Loss {
    /// Summed over labels.
    pub(in super::super) sum: f64,
    /// How often the likeliest token was the label.
    pub(in super::super) correct: usize,
}

/// The summed loss of `hidden` (…, C) by `table` (V, C), and what the tape needs to go back from it: a scalar whose
/// gradient is that of the loss times `scale`. `labels` has one for each row.
pub(in super::super) fn cross_entropy(
    hidden: &Tensor,
    table: &Weight,
    labels: &[Option<u32>],
    scale: Option<f32>,
) -> Result<(Loss, Tensor)> {
    let op = Op {
        table: table.clone(),
        labels: labels.to_vec(),
        scale,
        loss: std::sync::Arc::default(),
        gradient: Mutex::default(),
    };
    let loss = op.loss.clone();
    let learns = table.gradient.is_some() && !hidden.track_op();
    let hidden = if learns { Var::from_tensor(hidden)?.as_tensor().clone() } else { hidden.clone() };
    let root = hidden.apply_op1(op)?;
    let loss = *loss.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok((loss, root))
}

struct Op {
    table: Weight,
    labels: Vec<Option<u32>>,
    /// What gradients are multiplied with; none are made where absent.
    scale: Option<f32>,
    loss: std::sync::Arc<Mutex<Loss>>,
    /// Of the hidden states, until the tape asks for it.
    gradient: Mutex<Vec<f32>>,
}

/// Rows with labels, one behind the other.
struct Labelled {
    rows: Vec<usize>,
    labels: Vec<u32>,
    hidden: Vec<f32>,
}

impl Op {
    fn labelled(&self, hidden: &[f32], width: usize) -> Labelled {
        let (rows, labels): (Vec<usize>, Vec<u32>) =
            self.labels.iter().enumerate().filter_map(|(row, label)| Some((row, (*label)?))).unzip();
        let hidden = rows.iter().flat_map(|row| &hidden[row * width..(row + 1) * width]).copied().collect();
        Labelled { rows, labels, hidden }
    }

    /// Logits (n, V) become their gradients.
    fn losses(&self, logits: &mut [f32], labels: &[u32], vocabulary: usize) -> Loss {
        let row = |(logits, label): (&mut [f32], &u32)| {
            let label = *label as usize;
            let wanted = logits[label];
            let correct = usize::from(math::max(logits) <= wanted);
            let (most, sum) = math::exponents(logits);
            if let Some(scale) = self.scale {
                let factor = scale / sum;
                logits.iter_mut().for_each(|p| *p *= factor);
                logits[label] -= scale;
            }
            (f64::from(sum).ln() + f64::from(most) - f64::from(wanted), correct)
        };
        let losses: Vec<(f64, usize)> = logits.par_chunks_mut(vocabulary).zip(labels).map(row).collect();
        Loss { sum: losses.iter().map(|loss| loss.0).sum(), correct: losses.iter().map(|loss| loss.1).sum() }
    }

    /// Rows at most `TOGETHER` at a time: loss, gradient of the table, gradient of the rows.
    fn run(&self, labelled: &Labelled, table: &[f32], (vocabulary, width): (usize, usize)) -> (Loss, Vec<f32>) {
        let mut total = Loss::default();
        let mut gradient = vec![0.0; if self.scale.is_some() { labelled.hidden.len() } else { 0 }];
        let mut logits = vec![0.0; TOGETHER.min(labelled.labels.len()) * vocabulary];
        let table = Matrix::new(table, vocabulary, width);
        for (chunk, (hidden, labels)) in
            labelled.hidden.chunks(TOGETHER * width).zip(labelled.labels.chunks(TOGETHER)).enumerate()
        {
            let count = labels.len();
            let logits = &mut logits[..count * vocabulary]; // (n, V)
            let hidden = Matrix::new(hidden, count, width);
            product(Out { values: logits, stride: vocabulary, add: false }, hidden, table.t(), 1.0, Threads::All);
            let loss = self.losses(logits, labels, vocabulary);
            total = Loss { sum: total.sum + loss.sum, correct: total.correct + loss.correct };
            if self.scale.is_none() {
                continue;
            }
            let slopes = Matrix::new(logits, count, vocabulary);
            let first = chunk * TOGETHER * width;
            let out = Out { values: &mut gradient[first..first + count * width], stride: width, add: false };
            product(out, slopes, table, 1.0, Threads::All);
            if let Some(sum) = &self.table.gradient {
                let out = Out { values: &mut sum.values(), stride: width, add: true };
                product(out, slopes.t(), hidden, 1.0, Threads::All);
            }
        }
        (total, gradient)
    }
}

impl CustomOp1 for Op {
    fn name(&self) -> &'static str {
        "cross-entropy"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let hidden = values(storage, layout)?;
        let (vocabulary, width) = self.table.tensor.dims2()?;
        if let Some(label) = self.labels.iter().flatten().find(|label| **label as usize >= vocabulary) {
            candle_core::bail!("the label {label} is beyond the vocabulary's {vocabulary} rows");
        }
        let labelled = self.labelled(hidden, width);
        let (loss, compact) = with(&self.table.tensor, |table| self.run(&labelled, table, (vocabulary, width)))?;
        let mut gradient = vec![0.0; if self.scale.is_some() { hidden.len() } else { 0 }];
        for (row, values) in labelled.rows.iter().zip(compact.chunks_exact(width)) {
            gradient[row * width..(row + 1) * width].copy_from_slice(values);
        }
        *self.gradient.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = gradient;
        *self.loss.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = loss;
        Ok(given(vec![loss.sum as f32], ()))
    }

    fn bwd(&self, hidden: &Tensor, _: &Tensor, _: &Tensor) -> Result<Option<Tensor>> {
        let gradient = std::mem::take(&mut *self.gradient.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        tensor(gradient, hidden.shape()).map(Some)
    }
}
