//! The directory of a `.safetensors` file: eight bytes of length, that much JSON, then the values.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use std::sync::Arc;

use safetensors::Dtype;
use safetensors::tensor::Metadata;

use super::error::LoadError;
use super::source::{Entry, Kind};

/// The format's own limit on a header.
const LONGEST_HEADER: u64 = 100_000_000;

/// All tensors of the file.
pub(super) fn list(path: &Path) -> Result<Vec<(String, Entry)>, LoadError> {
    let located = |source| LoadError::Read { path: path.to_owned(), source };
    let corrupt = |problem: String| LoadError::Corrupt { path: path.to_owned(), place: "header".to_owned(), problem };
    let mut file = File::open(path).map_err(located)?;
    let length = file.metadata().map_err(located)?.len();
    let mut prefix = [0; 8];
    file.read_exact(&mut prefix).map_err(|_| corrupt(format!("the file has only {length} bytes")))?;
    let header_length = u64::from_le_bytes(prefix);
    if header_length > LONGEST_HEADER.min(length - 8) {
        return Err(corrupt(format!("claims {header_length} bytes, but the file has {length}")));
    }
    let mut header = vec![0; header_length as usize];
    file.read_exact(&mut header).map_err(located)?;
    let metadata: Metadata = serde_json::from_slice(&header).map_err(|error| corrupt(error.to_string()))?;
    let begin = file.stream_position().map_err(located)?;
    if begin + metadata.data_len() as u64 != length {
        return Err(corrupt(format!(
            "describes {} bytes of values, but {} follow",
            metadata.data_len(),
            length - begin
        )));
    }
    let path: Arc<Path> = path.into();
    let entry = |info: &safetensors::tensor::TensorInfo| Entry {
        path: path.clone(),
        offset: begin + info.data_offsets.0 as u64,
        kind: kind(info.dtype),
        shape: info.shape.clone(),
        strides: None,
    };
    Ok(metadata.tensors().into_iter().map(|(name, info)| (name, entry(info))).collect())
}

fn kind(dtype: Dtype) -> Kind {
    match dtype {
        Dtype::F32 => Kind::F32,
        Dtype::F16 => Kind::F16,
        Dtype::BF16 => Kind::BF16,
        other => Kind::Other(format!("{other:?}")),
    }
}
