//! Checkpoints that compute the same as another and are harder to quantize: a few channels between two layers are made
//! larger, and the weights that read them smaller, as in real GPT-2 checkpoints and not in small ones of our own.

use std::collections::BTreeMap;
use std::path::Path;

use half::f16;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::index::sample;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use tempfile::TempDir;

use crate::support;

/// Channels of a layer that are made larger.
const CHANNELS: usize = 2;

/// Which channels are made larger.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outliers {
    /// Those that each layer norm of a block gives to the layer after it.
    LayerNorm { factor: f32 },
    /// Those of the values that attention averages.
    Values { factor: f32 },
}

/// A tensor in f32.
struct Matrix {
    shape: Vec<usize>,
    values: Vec<f32>,
}

/// The tensors of a checkpoint, by name.
struct Weights(BTreeMap<String, Matrix>);

/// Writes the checkpoint `folder`, of `layers` blocks, anew with outliers in channels that follow from `seed`.
pub(super) fn write(folder: &Path, layers: usize, outliers: Outliers, seed: u64) -> TempDir {
    let copy = support::copy(folder);
    let path = copy.path().join("model.safetensors");
    let mut weights = Weights::read(&path);
    let mut random = StdRng::seed_from_u64(seed);
    for layer in 0..layers {
        let block = format!("transformer.h.{layer}");
        match outliers {
            Outliers::LayerNorm { factor } => {
                for (norm, reader) in [("ln_1", "attn.c_attn"), ("ln_2", "mlp.c_fc")] {
                    let (norm, reader) = (format!("{block}.{norm}"), format!("{block}.{reader}.weight"));
                    for channel in weights.choose(&reader, &mut random) {
                        weights.scale_column(&format!("{norm}.weight"), channel, factor);
                        weights.scale_column(&format!("{norm}.bias"), channel, factor);
                        weights.scale_row(&reader, channel, factor.recip());
                    }
                }
            }
            Outliers::Values { factor } => {
                let (writer, reader) = (format!("{block}.attn.c_attn"), format!("{block}.attn.c_proj.weight"));
                for channel in weights.choose(&reader, &mut random) {
                    // Queries and keys lie before the values.
                    let column = 2 * weights.0[&reader].shape[0] + channel;
                    weights.scale_column(&format!("{writer}.weight"), column, factor);
                    weights.scale_column(&format!("{writer}.bias"), column, factor);
                    weights.scale_row(&reader, channel, factor.recip());
                }
            }
        }
    }
    weights.write(&path);
    copy
}

impl Weights {
    fn read(path: &Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let matrix = |view: &TensorView<'_>| Matrix { shape: view.shape().to_vec(), values: values(view) };
        Self(tensors.iter().map(|(name, view)| (name.to_owned(), matrix(&view))).collect())
    }

    fn write(&self, path: &Path) {
        let bytes: Vec<Vec<u8>> = self.0.values().map(Matrix::bytes).collect();
        let views = self.0.iter().zip(&bytes).map(|((name, matrix), bytes)| {
            (name.as_str(), TensorView::new(Dtype::F32, matrix.shape.clone(), bytes).unwrap())
        });
        safetensors::serialize_to_file(views, None, path).unwrap();
    }

    /// Some of the channels that the matrix `reader` (in, out) reads.
    fn choose(&self, reader: &str, random: &mut StdRng) -> Vec<usize> {
        sample(random, self.0[reader].shape[0], CHANNELS).into_vec()
    }

    /// Multiplies one value of each row.
    fn scale_column(&mut self, name: &str, column: usize, factor: f32) {
        let Matrix { shape, values } = self.0.get_mut(name).unwrap();
        let width = *shape.last().unwrap();
        values.iter_mut().skip(column).step_by(width).for_each(|value| *value *= factor);
    }

    /// Multiplies all values of one row.
    fn scale_row(&mut self, name: &str, row: usize, factor: f32) {
        let Matrix { shape, values } = self.0.get_mut(name).unwrap();
        let width = *shape.last().unwrap();
        values[row * width..][..width].iter_mut().for_each(|value| *value *= factor);
    }
}

impl Matrix {
    fn bytes(&self) -> Vec<u8> {
        self.values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }
}

fn values(view: &TensorView<'_>) -> Vec<f32> {
    let bytes = view.data();
    match view.dtype() {
        Dtype::F16 => bytes.as_chunks().0.iter().map(|bytes| f16::from_le_bytes(*bytes).to_f32()).collect(),
        Dtype::F32 => bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
        other => panic!("no outliers for {other:?}"),
    }
}
