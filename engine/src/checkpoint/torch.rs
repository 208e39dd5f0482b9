//! The directory of a `pytorch_model.bin`: a zip whose `data.pkl` describes the tensors and whose other members are
//! their values, uncompressed. Executes nothing: only the constructions that a state dict consists of are understood.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use zip::{CompressionMethod, ZipArchive};

use super::error::LoadError;
use super::pickle::{Pickle, Value, ValueId};
use super::source::{Entry, Kind};

/// A description longer than this is none of a GPT-2.
const LONGEST_PICKLE: u64 = 64 << 20;

/// All tensors of the file.
pub(super) fn list(path: &Path) -> Result<Vec<(String, Entry)>, LoadError> {
    let corrupt =
        |place: &str, problem: String| LoadError::Corrupt { path: path.to_owned(), place: place.to_owned(), problem };
    let file = File::open(path).map_err(|source| LoadError::Read { path: path.to_owned(), source })?;
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|error| {
        corrupt("archive", format!("{error}; a file from before PyTorch 1.6 must be saved again with a newer one"))
    })?;
    let (root, text) = read_pickle(&mut archive).map_err(|problem| corrupt("data.pkl", problem))?;
    let members = members(&mut archive).map_err(|problem| corrupt("archive", problem))?;
    let pickle = Pickle::parse(&text).map_err(|problem| corrupt("data.pkl", problem))?;
    let reader = Reader { pickle: &pickle, members: &members, root: &root, path: path.into() };
    reader.state_dict().map_err(|problem| corrupt("data.pkl", problem))
}

type Archive = ZipArchive<BufReader<File>>;

/// The description and the folder of the archive that it lies in.
fn read_pickle(archive: &mut Archive) -> Result<(String, Vec<u8>), String> {
    for index in 0..archive.len() {
        let member = archive.by_index(index).map_err(|error| error.to_string())?;
        let Some(root) = member.name().ok().and_then(|name| name.strip_suffix("data.pkl").map(str::to_owned)) else {
            continue;
        };
        let mut text = Vec::new();
        member.take(LONGEST_PICKLE).read_to_end(&mut text).map_err(|error| error.to_string())?;
        return Ok((root, text));
    }
    Err("is missing".to_owned())
}

/// Where the values of each member begin, and how many bytes they are.
fn members(archive: &mut Archive) -> Result<HashMap<String, (u64, u64)>, String> {
    let mut members = HashMap::new();
    for index in 0..archive.len() {
        let member = archive.by_index(index).map_err(|error| error.to_string())?;
        let name = member.name().map_err(|error| error.to_string())?.to_string();
        if let (CompressionMethod::Stored, Some(begin)) = (member.compression(), member.data_start()) {
            members.insert(name, (begin, member.size()));
        }
    }
    Ok(members)
}

/// Finds tensors in a description.
struct Reader<'a> {
    pickle: &'a Pickle,
    members: &'a HashMap<String, (u64, u64)>,
    root: &'a str,
    path: Arc<Path>,
}

impl Reader<'_> {
    fn state_dict(&self) -> Result<Vec<(String, Entry)>, String> {
        let Value::Dict(items) = self.pickle.get(self.pickle.root()) else {
            return Err("is no state dict; save model.state_dict()".to_owned());
        };
        let tensor = |(key, value): &(ValueId, ValueId)| {
            let name = self.text(*key)?;
            let entry = self.tensor(*value).ok_or_else(|| format!("`{name}` is no plain tensor"))?;
            Ok((name.to_owned(), self.located(name, entry)?))
        };
        items.iter().map(tensor).collect()
    }

    /// `torch._utils._rebuild_tensor_v2(storage, offset, size, stride, …)`, also within a `Parameter`.
    fn tensor(&self, id: ValueId) -> Option<Described> {
        match self.call(id)? {
            ("torch._utils _rebuild_tensor_v2", arguments) => self.described(arguments),
            ("torch._utils _rebuild_parameter", [inner, ..]) => match self.call(*inner)? {
                ("torch._utils _rebuild_tensor_v2", arguments) => self.described(arguments),
                _ => None,
            },
            _ => None,
        }
    }

    fn described(&self, arguments: &[ValueId]) -> Option<Described> {
        let [storage, offset, size, strides, ..] = arguments else {
            return None;
        };
        let Value::Persistent(storage) = self.pickle.get(*storage) else {
            return None;
        };
        let [_, class, member, ..] = self.tuple(*storage)? else {
            return None;
        };
        let Value::Global(class) = self.pickle.get(*class) else {
            return None;
        };
        Some(Described {
            kind: kind(class),
            member: self.text(*member).ok()?.to_owned(),
            first: self.size(*offset)?,
            shape: self.sizes(*size)?,
            strides: self.sizes(*strides)?,
        })
    }

    /// Adds where in the file the values are.
    fn located(&self, name: &str, tensor: Described) -> Result<Entry, String> {
        let Described { kind, member, first, shape, strides } = tensor;
        let (begin, length) = *self
            .members
            .get(&format!("{}data/{member}", self.root))
            .ok_or_else(|| format!("the values of `{name}` are missing or compressed"))?;
        let size: u64 = if kind == Kind::F32 { 4 } else { 2 };
        let is_inside = matches!(kind, Kind::Other(_)) || fits(&shape, &strides, first, length / size);
        if shape.len() != strides.len() || !is_inside {
            return Err(format!("`{name}` exceeds its values"));
        }
        let offset = begin + first as u64 * size;
        let strides = (!is_row_major(&shape, &strides)).then_some(strides);
        Ok(Entry { path: self.path.clone(), offset, kind, shape, strides })
    }

    fn call(&self, id: ValueId) -> Option<(&str, &[ValueId])> {
        let Value::Call(function, arguments) = self.pickle.get(id) else {
            return None;
        };
        let Value::Global(name) = self.pickle.get(*function) else {
            return None;
        };
        Some((name, self.tuple(*arguments)?))
    }

    fn tuple(&self, id: ValueId) -> Option<&[ValueId]> {
        match self.pickle.get(id) {
            Value::Tuple(items) => Some(items),
            _ => None,
        }
    }

    fn text(&self, id: ValueId) -> Result<&str, String> {
        match self.pickle.get(id) {
            Value::Text(text) => Ok(text),
            other => Err(format!("a name is no text but {other:?}")),
        }
    }

    fn size(&self, id: ValueId) -> Option<usize> {
        match self.pickle.get(id) {
            Value::Int(size) => usize::try_from(*size).ok().filter(|size| *size < 1 << 48),
            _ => None,
        }
    }

    fn sizes(&self, id: ValueId) -> Option<Vec<usize>> {
        self.tuple(id)?.iter().map(|size| self.size(*size)).collect()
    }
}

/// A tensor as its description has it.
struct Described {
    kind: Kind,
    member: String,
    /// Index of its first value in its storage.
    first: usize,
    shape: Vec<usize>,
    strides: Vec<usize>,
}

fn kind(class: &str) -> Kind {
    match class {
        "torch FloatStorage" => Kind::F32,
        "torch HalfStorage" => Kind::F16,
        "torch BFloat16Storage" => Kind::BF16,
        other => Kind::Other(other.trim_start_matches("torch ").to_owned()),
    }
}

/// Whether all values lie within a storage of `count` values. No size may be 0: GPT-2 has no empty tensors.
fn fits(shape: &[usize], strides: &[usize], first: usize, count: u64) -> bool {
    let mut last = Some(first);
    for (size, stride) in shape.iter().zip(strides) {
        let step = size.checked_sub(1).and_then(|steps| steps.checked_mul(*stride));
        last = last.zip(step).and_then(|(last, step)| last.checked_add(step));
    }
    last.is_some_and(|last| (last as u64) < count)
}

fn is_row_major(shape: &[usize], strides: &[usize]) -> bool {
    let mut expected = 1usize;
    shape.iter().zip(strides).rev().all(|(size, stride)| {
        let matches = *size == 1 || *stride == expected;
        expected = expected.saturating_mul(*size);
        matches
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts() {
        assert!(is_row_major(&[2, 3], &[3, 1]) && is_row_major(&[1, 3], &[7, 1]) && is_row_major(&[], &[]));
        assert!(!is_row_major(&[2, 3], &[1, 2]));
        assert!(fits(&[2, 3], &[3, 1], 0, 6) && !fits(&[2, 3], &[3, 1], 1, 6) && !fits(&[0], &[1], 0, 9));
        assert!(!fits(&[usize::MAX, 9], &[usize::MAX, 1], 0, 9));
    }
}
