//! The tensors of a checkpoint's weight files by name, read one at a time. Knows types and layouts of numbers;
//! leaves formats to its neighbours and meanings to `weights`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use candle_core::{Device, Tensor};
use half::{bf16, f16};

use super::error::{LoadError, TensorProblem};
use super::files::WeightFile;
use super::{safetensors, torch};

/// Where a tensor's values are.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) path: Rc<Path>,
    /// Byte in the file at which its first value begins.
    pub(super) offset: u64,
    pub(super) kind: Kind,
    pub(super) shape: Vec<usize>,
    /// In values; row-major where absent.
    pub(super) strides: Option<Vec<usize>>,
}

/// The type of a tensor's numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    F32,
    F16,
    BF16,
    /// One that no weight of a GPT-2 has, but a mask may.
    Other(String),
}

impl Kind {
    fn size(&self) -> Option<usize> {
        match self {
            Self::F32 => Some(4),
            Self::F16 | Self::BF16 => Some(2),
            Self::Other(_) => None,
        }
    }
}

/// All tensors that have not been taken yet.
pub(super) struct Tensors {
    entries: BTreeMap<String, Entry>,
    main: PathBuf,
}

impl Tensors {
    /// Reads the directories of all files. Names are freed of the prefix `transformer.`, and the causal masks that old
    /// checkpoints carry are left out.
    pub(super) fn open(files: &[WeightFile]) -> Result<Self, LoadError> {
        let main = files.first().map(|file| file.path().to_owned()).unwrap_or_default();
        let mut entries = BTreeMap::new();
        for file in files {
            let listed = match file {
                WeightFile::SafeTensors(path) => safetensors::list(path)?,
                WeightFile::Torch(path) => torch::list(path)?,
            };
            for (name, entry) in listed {
                let short = name.strip_prefix("transformer.").unwrap_or(&name);
                if is_mask(short) {
                    continue;
                }
                if entries.insert(short.to_owned(), entry).is_some() {
                    let problem = "is there twice".to_owned();
                    return Err(LoadError::Corrupt { path: file.path().to_owned(), place: name, problem });
                }
            }
        }
        Ok(Self { entries, main })
    }

    /// Whether a tensor is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// Reads a tensor as f32, and forgets it.
    pub(super) fn take(&mut self, name: &str, shape: &[usize]) -> Result<Tensor, LoadError> {
        let Some(entry) = self.entries.remove(name) else {
            return Err(self.complaint(&self.main, name, TensorProblem::Missing));
        };
        if entry.shape != shape {
            let problem = TensorProblem::Shape { found: entry.shape, expected: shape.to_vec() };
            return Err(self.complaint(&entry.path, name, problem));
        }
        let values = match entry.kind.size() {
            Some(size) => entry.read(name, size)?,
            None => {
                let Kind::Other(kind) = entry.kind else { unreachable!("the other kinds have a size") };
                return Err(self.complaint(&entry.path, name, TensorProblem::Type(kind)));
            }
        };
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            return Err(self.complaint(&entry.path, name, TensorProblem::NotFinite { index }));
        }
        Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
    }

    /// Checks that nothing is left.
    pub(super) fn finish(self) -> Result<(), LoadError> {
        match self.entries.iter().next() {
            None => Ok(()),
            Some((name, entry)) => Err(self.complaint(&entry.path, name, TensorProblem::Unexpected)),
        }
    }

    /// A complaint about a tensor in the file that should hold it.
    pub(super) fn not_tied(&self, name: &str) -> LoadError {
        self.complaint(&self.main, name, TensorProblem::NotTied)
    }

    fn complaint(&self, path: &Path, tensor: &str, problem: TensorProblem) -> LoadError {
        LoadError::Tensor { path: path.to_owned(), tensor: tensor.to_owned(), problem }
    }
}

/// Causal masks, which old versions of `transformers` saved with the weights: `h.N.attn.bias`, `h.N.attn.masked_bias`.
fn is_mask(name: &str) -> bool {
    let number = name
        .strip_prefix("h.")
        .and_then(|rest| rest.strip_suffix(".attn.bias").or_else(|| rest.strip_suffix(".attn.masked_bias")));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

impl Entry {
    /// Its values in f32, row-major. The shape has been checked against the configuration, which bounds it.
    fn read(&self, name: &str, size: usize) -> Result<Vec<f32>, LoadError> {
        let values = self.convert(&self.read_bytes(name, self.span() * size)?);
        Ok(match &self.strides {
            None => values,
            Some(strides) => gather(&values, &self.shape, strides),
        })
    }

    /// Values from the first to the last, in the order of the file.
    fn span(&self) -> usize {
        match &self.strides {
            None => self.shape.iter().product(),
            Some(strides) => {
                self.shape.iter().zip(strides).map(|(size, stride)| (size - 1) * stride).sum::<usize>() + 1
            }
        }
    }

    fn read_bytes(&self, name: &str, count: usize) -> Result<Vec<u8>, LoadError> {
        let located = |source| LoadError::Read { path: self.path.to_path_buf(), source };
        let truncated = |problem: String| LoadError::Corrupt {
            path: self.path.to_path_buf(),
            place: format!("tensor `{name}`"),
            problem,
        };
        let mut file = File::open(&self.path).map_err(located)?;
        let length = file.metadata().map_err(located)?.len();
        // Asked before anything is reserved, so that a file can't ask for more memory than it has bytes.
        if self.offset.checked_add(count as u64).is_none_or(|end| end > length) {
            let problem = format!("needs {count} bytes at {}, but the file ends at {length}", self.offset);
            return Err(truncated(problem));
        }
        let mut bytes = vec![0; count];
        file.seek(SeekFrom::Start(self.offset)).map_err(located)?;
        file.read_exact(&mut bytes).map_err(|error| truncated(error.to_string()))?;
        Ok(bytes)
    }

    fn convert(&self, bytes: &[u8]) -> Vec<f32> {
        let pairs = || bytes.as_chunks::<2>().0.iter();
        match self.kind {
            Kind::F32 => bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect(),
            Kind::F16 => pairs().map(|two| f16::from_le_bytes(*two).to_f32()).collect(),
            Kind::BF16 => pairs().map(|two| bf16::from_le_bytes(*two).to_f32()).collect(),
            Kind::Other(_) => Vec::new(),
        }
    }
}

/// Brings strided values into row-major order.
fn gather(values: &[f32], shape: &[usize], strides: &[usize]) -> Vec<f32> {
    let mut at = vec![0];
    for (size, stride) in shape.iter().zip(strides) {
        at = at.iter().flat_map(|begin| (0..*size).map(move |index| begin + index * stride)).collect();
    }
    at.into_iter().map(|index| values[index]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_known_by_name() {
        assert!(is_mask("h.0.attn.bias") && is_mask("h.11.attn.masked_bias"));
        for name in ["h.0.attn.c_attn.bias", "h.x.attn.bias", "attn.bias", "h..attn.bias"] {
            assert!(!is_mask(name), "{name}");
        }
    }

    #[test]
    fn a_transposed_tensor_is_brought_into_order() {
        assert_eq!(gather(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3], &[1, 2]), [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
    }
}
