//! The tensors of a checkpoint's weight files by name, each taken once. Leaves formats to its neighbours and meanings
//! to `parts`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::error::{LoadError, TensorProblem};
use super::files::WeightFile;
use super::source::{Entry, Source, complaint};
use super::{safetensors, torch};

/// All tensors that have not been taken yet.
pub(super) struct Tensors {
    entries: BTreeMap<String, Entry>,
    main: PathBuf,
}

impl Tensors {
    /// Reads the directories of all files. Names are freed of the prefix `transformer.`, and the causal masks that old
    /// checkpoints carry are left out.
    pub(super) fn open(files: &[WeightFile]) -> Result<Self, LoadError> {
        Self::open_under("", files)
    }

    /// As [`Tensors::open`], where names may have another prefix before that one.
    pub(super) fn open_under(prefix: &str, files: &[WeightFile]) -> Result<Self, LoadError> {
        let main = files.first().map(|file| file.path().to_owned()).unwrap_or_default();
        let mut entries = BTreeMap::new();
        for file in files {
            let listed = match file {
                WeightFile::SafeTensors(path) => safetensors::list(path)?,
                WeightFile::Torch(path) => torch::list(path)?,
            };
            for (name, entry) in listed {
                let short = name.strip_prefix(prefix).unwrap_or(&name);
                let short = short.strip_prefix("transformer.").unwrap_or(short);
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

    /// Takes a tensor of this shape, whose values can then be read.
    pub(super) fn claim(&mut self, name: &str, shape: &[usize]) -> Result<Source, LoadError> {
        let Some(entry) = self.entries.remove(name) else {
            return Err(complaint(&self.main, name, TensorProblem::Missing));
        };
        if entry.shape != shape {
            let problem = TensorProblem::Shape { found: entry.shape, expected: shape.to_vec() };
            return Err(complaint(&entry.path, name, problem));
        }
        Source::new(name, entry)
    }

    /// Checks that nothing is left.
    pub(super) fn finish(&self) -> Result<(), LoadError> {
        match self.entries.iter().next() {
            None => Ok(()),
            Some((name, entry)) => Err(complaint(&entry.path, name, TensorProblem::Unexpected)),
        }
    }

    /// That a tensor differs from the token table that it should equal.
    pub(super) fn not_tied(&self, name: &str) -> LoadError {
        complaint(&self.main, name, TensorProblem::NotTied)
    }
}

/// Causal masks, which old versions of `transformers` saved with the weights: `h.N.attn.bias`, `h.N.attn.masked_bias`.
fn is_mask(name: &str) -> bool {
    let number = name
        .strip_prefix("h.")
        .and_then(|rest| rest.strip_suffix(".attn.bias").or_else(|| rest.strip_suffix(".attn.masked_bias")));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
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
}
