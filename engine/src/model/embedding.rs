//! The token table as an embedding: the same tiles that serve as output layer, read one output at a time.

use crate::kernels::tiles::{TILE, f32_tile_values, int8_tile_bytes, unpack_int8};
use crate::packed::{Matrix, Weights};

/// Writes the row of one token into `row` (C).
pub(super) fn read(table: &Matrix, id: usize, row: &mut [f32]) {
    let (tile, output) = (id / TILE, id % TILE);
    match &table.weights {
        Weights::F32(weights) => {
            let values = f32_tile_values(table.inputs);
            let tile = weights[tile * values..][..values].as_chunks::<TILE>().0;
            row.iter_mut().zip(tile).for_each(|(value, lanes)| *value = lanes[output]);
        }
        Weights::Int8(weights) => {
            let bytes = int8_tile_bytes(table.inputs);
            unpack_int8(&weights[tile * bytes..][..bytes], output, row);
        }
    }
}
