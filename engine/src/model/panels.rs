//! Activations on their way through the model: results of products lie in panels of 16 columns, since that is how tiles
//! of weights give them; what goes into a product lies row by row, in the precision of its weights.

use crate::kernels::tiles::{GROUP, TILE};
use crate::kernels::{Group, PanelRow};
use crate::key::Precision;

use super::Compute;

/// Values that a thread should have before a second one is worth its while.
const VALUES_PER_TASK: usize = 4096;

/// (columns / 16, rows, 16): columns beyond the last are zeros.
#[derive(Default)]
pub(super) struct Panels {
    pub(super) values: Vec<[f32; TILE]>,
    pub(super) rows: usize,
}

impl Panels {
    /// Makes room for so many rows and columns, with anything in it.
    pub(super) fn resize(&mut self, rows: usize, columns: usize) {
        self.rows = rows;
        self.values.resize(rows * columns.div_ceil(TILE), [0.0; TILE]);
    }

    pub(super) fn row(&self, row: usize) -> PanelRow<'_> {
        PanelRow { panels: &self.values, rows: self.rows, row }
    }

    /// Writes a row (columns up to a multiple of 16).
    pub(super) fn set_row(&mut self, row: usize, values: &[f32]) {
        let pieces = self.values.iter_mut().skip(row).step_by(self.rows);
        for (piece, values) in pieces.zip(values.as_chunks::<TILE>().0) {
            *piece = *values;
        }
    }

    /// Columns from `begin` of a row, as many as `values` takes.
    pub(super) fn read(&self, row: usize, begin: usize, values: &mut [f32]) {
        let mut column = begin;
        let mut rest = values;
        while !rest.is_empty() {
            let piece = &self.values[column / TILE * self.rows + row][column % TILE..];
            let (part, after) = rest.split_at_mut(piece.len().min(rest.len()));
            part.copy_from_slice(&piece[..part.len()]);
            column += part.len();
            rest = after;
        }
    }

    /// Keeps some rows only, those of `kept` in their order, which is ascending.
    pub(super) fn keep(&mut self, kept: &[usize]) {
        let panels = self.values.len() / self.rows.max(1);
        for panel in 0..panels {
            for (to, from) in kept.iter().enumerate() {
                self.values[panel * kept.len() + to] = self.values[panel * self.rows + from];
            }
        }
        self.values.truncate(panels * kept.len());
        self.rows = kept.len();
    }
}

/// What goes into a product: (rows, inputs).
#[derive(Default)]
pub(super) struct Rows {
    /// For weights in f32, and for adapters: (rows, inputs up to a multiple of 16).
    pub(super) floats: Vec<f32>,
    /// For weights in 8 bits: (rows up to a multiple of 16, inputs / 64).
    pub(super) groups: Vec<Group>,
    pub(super) rows: usize,
    pub(super) inputs: usize,
}

/// The shape of [`Rows`], and the weights they are for.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) rows: usize,
    pub(super) inputs: usize,
    pub(super) precision: Precision,
    /// Whether floats are wanted whatever the precision is.
    pub(super) floats: bool,
}

impl Shape {
    /// The same, with floats where somebody wants them.
    pub(super) fn and_floats(self, floats: bool) -> Self {
        Self { floats, ..self }
    }
}

impl Rows {
    /// Lets `write` fill each row (inputs up to a multiple of 16; all zeros at first or anything written before) and
    /// brings it into the precision of the weights.
    pub(super) fn fill(&mut self, compute: &mut Compute, shape: Shape, write: impl Fn(usize, &mut [f32]) + Sync) {
        (self.rows, self.inputs) = (shape.rows, shape.inputs);
        match (shape.precision, shape.floats) {
            (Precision::F32, _) => self.fill_floats(compute, write),
            (Precision::Int8, false) => fill_groups(compute, shape, &mut self.groups, write),
            (Precision::Int8, true) => {
                self.fill_floats(compute, write);
                // What fills a row up may be left from another shape, and must not count for its scale.
                let (inputs, stride) = (shape.inputs, shape.inputs.next_multiple_of(TILE));
                let floats = &self.floats;
                let written =
                    |row: usize, out: &mut [f32]| out[..inputs].copy_from_slice(&floats[row * stride..][..inputs]);
                fill_groups(compute, shape, &mut self.groups, written);
            }
        }
    }

    fn fill_floats(&mut self, compute: &mut Compute, write: impl Fn(usize, &mut [f32]) + Sync) {
        let stride = self.inputs.next_multiple_of(TILE);
        let together = (VALUES_PER_TASK / stride).max(1);
        self.floats.resize(self.rows * stride, 0.0);
        compute.pool.chunks(&mut self.floats, together * stride, |chunk, values| {
            for (row, values) in values.chunks_exact_mut(stride).enumerate() {
                write(chunk * together + row, values);
            }
        });
    }
}

fn fill_groups(compute: &mut Compute, shape: Shape, all: &mut Vec<Group>, write: impl Fn(usize, &mut [f32]) + Sync) {
    let (stride, groups) = (shape.inputs.next_multiple_of(TILE), shape.inputs.div_ceil(GROUP));
    let together = (VALUES_PER_TASK / stride).max(1);
    let kernels = compute.kernels;
    all.resize(shape.rows.next_multiple_of(TILE) * groups, Group::ZERO);
    compute.pool.chunks(&mut all[..shape.rows * groups], together * groups, |chunk, rows| {
        let mut values = vec![0.0; stride];
        for (row, groups) in rows.chunks_exact_mut(groups).enumerate() {
            write(chunk * together + row, &mut values);
            kernels.quantize(&values, groups);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_in_and_come_out() {
        let mut panels = Panels::default();
        panels.resize(3, 40);
        for row in 0..3 {
            let values: Vec<f32> =
                (0..48).map(|column| if column < 40 { (100 * row + column) as f32 } else { 0.0 }).collect();
            panels.set_row(row, &values);
        }
        let mut part = [0.0; 20];
        panels.read(1, 10, &mut part);
        assert_eq!((part[0], part[5], part[6], part[19]), (110.0, 115.0, 116.0, 129.0));
        panels.keep(&[0, 2]);
        panels.read(1, 10, &mut part);
        assert_eq!((panels.rows, part[0], part[19]), (2, 210.0, 229.0));
    }
}
