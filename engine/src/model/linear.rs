//! A linear layer in either precision: `y = x · weight + bias`, and what follows it while its result is at hand.

use crate::config::Activation;
use crate::kernels::tiles::{GROUP, TILE, f32_tile_values, int8_tile_bytes};
use crate::kernels::{F32, Finish, Int8, Kernels};
use crate::key::Precision;
use crate::packed::{Matrix, Weights};
use crate::region::Floats;

use super::Compute;
use super::adapter::Lowered;
use super::panels::{Panels, Rows, Shape};

/// Bytes of weights that a thread takes at a time: enough to stream, few enough to share evenly.
const BYTES_PER_TASK: usize = 256 << 10;

/// Tasks that each thread should find, at least.
const TASKS_PER_THREAD: usize = 4;

/// A matrix and its bias.
pub(crate) struct Linear {
    pub(crate) matrix: Matrix,
    /// (out up to a multiple of 16)
    pub(crate) bias: Option<Floats>,
}

/// What becomes of a linear layer's result.
#[derive(Clone, Copy)]
pub(super) enum Then {
    /// It replaces what was there.
    Replace,
    /// The same, after an activation.
    Activate(Activation),
    /// It is added to what is there.
    Add,
}

impl Linear {
    /// The shape that its inputs must have.
    pub(super) fn shape(&self, rows: usize) -> Shape {
        let precision = match self.matrix.weights {
            Weights::F32(_) => Precision::F32,
            Weights::Int8(_) => Precision::Int8,
        };
        Shape { rows, inputs: self.matrix.inputs, precision, floats: false }
    }

    /// `x` (N, in) → `out` (N, out), to which adapters add theirs.
    pub(super) fn forward(
        &self,
        compute: &mut Compute,
        (x, adapted): (&Rows, &[Lowered<'_>]),
        then: Then,
        out: &mut Panels,
    ) {
        if !matches!(then, Then::Add) {
            out.resize(x.rows, self.matrix.outputs);
        }
        let inputs = self.matrix.inputs;
        let tiles = self.matrix.outputs.div_ceil(TILE);
        let tile_bytes = match &self.matrix.weights {
            Weights::F32(_) => 4 * f32_tile_values(inputs),
            Weights::Int8(_) => int8_tile_bytes(inputs),
        };
        let evenly = tiles / (compute.pool.threads() * TASKS_PER_THREAD);
        let together = (BYTES_PER_TASK / tile_bytes).min(evenly).max(1);
        let kernels = compute.kernels;
        compute.pool.chunks(&mut out.values, together * x.rows, |chunk, out| {
            self.some_tiles(kernels, x, (chunk * together, then), out);
            adapted.iter().for_each(|adapted| adapted.raise(kernels, (chunk * together, x.rows), out));
            if let Then::Activate(activation) = then {
                activate(kernels, activation, out);
            }
        });
    }

    /// As many tiles from the `first` as `out` (tiles, N, 16) has room for.
    fn some_tiles(&self, kernels: Kernels, x: &Rows, (first, then): (usize, Then), out: &mut [[f32; TILE]]) {
        let inputs = self.matrix.inputs;
        let tiles = first..first + out.len() / x.rows;
        let bias = self.bias.as_ref().map_or(&[][..], |bias| &bias[tiles.start * TILE..tiles.end * TILE]);
        let finish = Finish { bias, accumulate: matches!(then, Then::Add) };
        match &self.matrix.weights {
            Weights::F32(weights) => {
                let values = f32_tile_values(inputs);
                let tiles = &weights[tiles.start * values..tiles.end * values];
                let stride = inputs.next_multiple_of(TILE);
                kernels.f32(&F32 { x: &x.floats, stride, inputs, tiles, finish }, out);
            }
            Weights::Int8(weights) => {
                let bytes = int8_tile_bytes(inputs);
                let tiles = &weights[tiles.start * bytes..tiles.end * bytes];
                let groups = inputs.div_ceil(GROUP);
                kernels.int8(&Int8 { x: &x.groups, rows: x.rows, groups, tiles, finish }, out);
            }
        }
    }
}

fn activate(kernels: Kernels, activation: Activation, values: &mut [[f32; TILE]]) {
    match activation {
        Activation::GeluTanh => kernels.gelu_tanh(values),
        Activation::GeluErf => kernels.gelu_erf(values),
        Activation::Relu => kernels.relu(values),
    }
}
