//! The tensors of any checkpoint folder, by the names they have in its files. Knows no model.

use std::path::Path;

use super::error::LoadError;
use super::files::{WeightFile, weight_files};
use super::source::{Kind, Source};
use super::{safetensors, torch};

/// A tensor of floats.
#[derive(Debug, Clone, PartialEq)]
pub struct RawTensor {
    /// As the file has it.
    pub name: String,
    /// Its dimensions; none for a single number.
    pub shape: Vec<usize>,
    /// Row-major.
    pub values: Vec<f32>,
}

/// All tensors of floats in `model.safetensors` or `pytorch_model.bin`, sharded or not, as f32. Those of other types, such
/// as the position ids that old checkpoints carry, are left out.
///
/// # Errors
/// The folder has no such file, or one that can't be read, is corrupt, or has a value that is not finite.
pub fn tensors(folder: &Path) -> Result<Vec<RawTensor>, LoadError> {
    let mut tensors = Vec::new();
    for file in weight_files(folder)? {
        let listed = match &file {
            WeightFile::SafeTensors(path) => safetensors::list(path)?,
            WeightFile::Torch(path) => torch::list(path)?,
        };
        for (name, entry) in listed {
            if matches!(entry.kind, Kind::Other(_)) {
                continue;
            }
            let shape = entry.shape.clone();
            let values = Source::new(&name, entry)?.all()?;
            tensors.push(RawTensor { name, shape, values });
        }
    }
    Ok(tensors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_are_read_whole() {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        for folder in ["pickle_relu", "untied_f16_gelu"] {
            let tensors = tensors(&data.join(folder)).unwrap();
            let table = tensors.iter().find(|tensor| tensor.name == "transformer.wte.weight").unwrap();
            assert_eq!((&table.shape[..], table.values.len()), (&[61, 32][..], 61 * 32));
            assert!(tensors.iter().all(|tensor| tensor.values.len() == tensor.shape.iter().product::<usize>()));
        }
    }
}
