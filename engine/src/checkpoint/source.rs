//! One tensor in a file, read as f32, as a whole or some rows at a time. Knows types and layouts of numbers; a value
//! that is not finite is refused wherever it is read.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use half::{bf16, f16};

use super::error::{LoadError, TensorProblem};

/// Where a tensor's values are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) path: Arc<Path>,
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

    fn convert(&self, bytes: &[u8]) -> Vec<f32> {
        let pairs = || bytes.as_chunks::<2>().0.iter();
        match self {
            Self::F32 => bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect(),
            Self::F16 => pairs().map(|two| f16::from_le_bytes(*two).to_f32()).collect(),
            Self::BF16 => pairs().map(|two| bf16::from_le_bytes(*two).to_f32()).collect(),
            Self::Other(_) => Vec::new(),
        }
    }
}

/// A tensor that has been found to be of the right shape and type.
#[derive(Debug)]
pub(super) struct Source {
    name: String,
    entry: Entry,
    /// Bytes of a value.
    size: usize,
}

impl Source {
    /// Checks the type, and that the file is long enough: nothing is reserved for values that aren't there.
    pub(super) fn new(name: &str, entry: Entry) -> Result<Self, LoadError> {
        let Some(size) = entry.kind.size() else {
            let Kind::Other(kind) = &entry.kind else { unreachable!("the other kinds have a size") };
            return Err(complaint(&entry.path, name, TensorProblem::Type(kind.clone())));
        };
        let source = Self { name: name.to_owned(), entry, size };
        source.open(0, source.span())?;
        Ok(source)
    }

    /// Whether both are the same values of the same file.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.entry == other.entry
    }

    /// Whether rows can be read without all others.
    pub(super) fn is_row_major(&self) -> bool {
        self.entry.strides.is_none()
    }

    /// All values, row-major.
    pub(super) fn all(&self) -> Result<Vec<f32>, LoadError> {
        let values = self.read(0, self.span())?;
        self.finite(
            0,
            match &self.entry.strides {
                None => values,
                Some(strides) => {
                    let mut gathered = Vec::with_capacity(self.entry.shape.iter().product());
                    gather(&values, &self.entry.shape, strides, &mut gathered);
                    gathered
                }
            },
        )
    }

    /// The values of some rows of a matrix.
    pub(super) fn rows(&self, rows: Range<usize>) -> Result<Vec<f32>, LoadError> {
        let width: usize = self.entry.shape.iter().skip(1).product();
        let (first, count) = (rows.start * width, rows.len() * width);
        if self.is_row_major() {
            return self.finite(first, self.read(first, count)?);
        }
        let mut values = self.all()?;
        values.truncate(first + count);
        Ok(values.split_off(first))
    }

    /// Checks values that begin with the one of index `first`.
    fn finite(&self, first: usize, values: Vec<f32>) -> Result<Vec<f32>, LoadError> {
        match values.iter().position(|value| !value.is_finite()) {
            None => Ok(values),
            Some(at) => Err(complaint(&self.entry.path, &self.name, TensorProblem::NotFinite { index: first + at })),
        }
    }

    /// Values from the first to the last, in the order of the file.
    fn span(&self) -> usize {
        let shape = &self.entry.shape;
        match &self.entry.strides {
            None => shape.iter().product(),
            Some(strides) => shape.iter().zip(strides).map(|(size, stride)| (size - 1) * stride).sum::<usize>() + 1,
        }
    }

    /// So many values from the one of index `first` on, in the order of the file.
    fn read(&self, first: usize, count: usize) -> Result<Vec<f32>, LoadError> {
        let mut file = self.open(first, count)?;
        let mut bytes = vec![0; count * self.size];
        file.read_exact(&mut bytes).map_err(|error| self.truncated(error.to_string()))?;
        Ok(self.entry.kind.convert(&bytes))
    }

    /// The file at the value of index `first`, if `count` values follow there.
    fn open(&self, first: usize, count: usize) -> Result<File, LoadError> {
        let located = |source| LoadError::Read { path: self.entry.path.to_path_buf(), source };
        let mut file = File::open(&self.entry.path).map_err(located)?;
        let length = file.metadata().map_err(located)?.len();
        let bytes = (count * self.size) as u64;
        let begin = self.entry.offset.checked_add((first * self.size) as u64);
        match begin.filter(|begin| begin.checked_add(bytes).is_some_and(|end| end <= length)) {
            None => {
                let begin = begin.unwrap_or(self.entry.offset);
                Err(self.truncated(format!("needs {bytes} bytes at {begin}, but the file ends at {length}")))
            }
            Some(begin) => {
                file.seek(SeekFrom::Start(begin)).map_err(located)?;
                Ok(file)
            }
        }
    }

    fn truncated(&self, problem: String) -> LoadError {
        let place = format!("tensor `{}`", self.name);
        LoadError::Corrupt { path: self.entry.path.to_path_buf(), place, problem }
    }
}

/// A complaint about a tensor in the file that should hold it.
pub(super) fn complaint(path: &Path, tensor: &str, problem: TensorProblem) -> LoadError {
    LoadError::Tensor { path: path.to_owned(), tensor: tensor.to_owned(), problem }
}

/// Adds strided values in row-major order. Tensors have few dimensions: their shape has been checked.
fn gather(values: &[f32], shape: &[usize], strides: &[usize], gathered: &mut Vec<f32>) {
    match (shape, strides) {
        ([], _) | (_, []) => gathered.push(values[0]),
        ([size], [stride, ..]) => gathered.extend((0..*size).map(|index| values[index * stride])),
        ([size, shape @ ..], [stride, strides @ ..]) => {
            (0..*size).for_each(|index| gather(&values[index * stride..], shape, strides, gathered));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transposed_tensor_is_brought_into_order() {
        let mut gathered = Vec::new();
        gather(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3], &[1, 2], &mut gathered);
        assert_eq!(gathered, [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
    }

    #[test]
    fn rows_are_those_of_the_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("values");
        let values: Vec<u8> = [9.0, 0.0, 1.0, 2.0, 3.0, 4.0, f32::NAN].into_iter().flat_map(f32::to_le_bytes).collect();
        std::fs::write(&path, values).unwrap();
        let source = |shape: &[usize], strides| {
            let entry =
                Entry { path: path.as_path().into(), offset: 4, kind: Kind::F32, shape: shape.to_vec(), strides };
            Source::new("t", entry)
        };
        assert_eq!(source(&[2, 2], None).unwrap().rows(1..2).unwrap(), [2.0, 3.0]);
        assert_eq!(source(&[2, 2], Some(vec![1, 2])).unwrap().rows(1..2).unwrap(), [1.0, 3.0]);
        assert_eq!(source(&[2, 2], Some(vec![1, 2])).unwrap().all().unwrap(), [0.0, 2.0, 1.0, 3.0]);
        let says = |result: Result<Vec<f32>, LoadError>| result.unwrap_err().to_string();
        assert!(says(source(&[3, 2], None).unwrap().rows(2..3)).contains("at index 5"));
        assert!(
            source(&[2, 4], None).unwrap_err().to_string().contains("needs 32 bytes at 4, but the file ends at 28")
        );
    }
}
