//! Which files of a folder are the checkpoint, in the order of preference of `transformers`, and their hash.
//! Knows names, not contents, but for the index of a sharded checkpoint.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::error::{LoadError, read};
use crate::tokenizer;

pub(super) const GENERATION_CONFIG: &str = "generation_config.json";

/// The files of a checkpoint.
pub(super) struct Folder {
    pub(super) config: PathBuf,
    pub(super) weights: Vec<WeightFile>,
    /// Whatever else changes results: the tokenizer's files, `generation_config.json`.
    others: Vec<PathBuf>,
}

/// A file with tensors.
pub(super) enum WeightFile {
    SafeTensors(PathBuf),
    Torch(PathBuf),
}

impl WeightFile {
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::SafeTensors(path) | Self::Torch(path) => path,
        }
    }
}

impl Folder {
    pub(super) fn open(folder: &Path) -> Result<Self, LoadError> {
        std::fs::read_dir(folder).map_err(|source| LoadError::Read { path: folder.to_owned(), source })?;
        let config = folder.join("config.json");
        if !config.exists() {
            return Err(LoadError::Missing { folder: folder.to_owned(), wanted: "config.json" });
        }
        let others = tokenizer::FILES.iter().chain(&[GENERATION_CONFIG]).map(|name| folder.join(name));
        Ok(Self { config, weights: weight_files(folder)?, others: others.filter(|path| path.is_file()).collect() })
    }

    /// All files that a model is made of.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        let weights = self.weights.iter().map(WeightFile::path);
        std::iter::once(self.config.as_path()).chain(weights).chain(self.others.iter().map(PathBuf::as_path))
    }

    /// SHA-256 over the files' names, lengths and contents.
    pub(super) fn hash(&self) -> Result<[u8; 32], LoadError> {
        hash(self.paths())
    }
}

/// SHA-256 over the names, lengths and contents of files.
pub(super) fn hash(paths: impl Iterator<Item = impl AsRef<Path>>) -> Result<[u8; 32], LoadError> {
    let mut hash = Sha256::new();
    for path in paths {
        let path = path.as_ref();
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        hash.update((name.len() as u64).to_le_bytes());
        hash.update(name);
        hash.update(hash_file(path)?);
    }
    Ok(hash.finalize().into())
}

fn hash_file(path: &Path) -> Result<[u8; 32], LoadError> {
    let located = |source| LoadError::Read { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(located)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).map_err(located)? {
            0 => return Ok(hash.finalize().into()),
            count => hash.update(&buffer[..count]),
        }
    }
}

/// The files of an adapter.
pub(super) struct AdapterFolder {
    pub(super) config: PathBuf,
    pub(super) weights: WeightFile,
}

impl AdapterFolder {
    pub(super) fn open(folder: &Path) -> Result<Self, LoadError> {
        std::fs::read_dir(folder).map_err(|source| LoadError::Read { path: folder.to_owned(), source })?;
        let existing = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
        let missing = |wanted| LoadError::Missing { folder: folder.to_owned(), wanted };
        let config = existing("adapter_config.json").ok_or_else(|| missing("adapter_config.json"))?;
        let weights = existing("adapter_model.safetensors").map(WeightFile::SafeTensors);
        let weights = weights.or_else(|| existing("adapter_model.bin").map(WeightFile::Torch));
        let weights = weights.ok_or_else(|| missing("adapter_model.safetensors or adapter_model.bin"))?;
        Ok(Self { config, weights })
    }

    /// All files that an adapter is made of.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        [self.config.as_path(), self.weights.path()].into_iter()
    }

    /// SHA-256 over the files' names, lengths and contents.
    pub(super) fn hash(&self) -> Result<[u8; 32], LoadError> {
        hash(self.paths())
    }
}

pub(super) fn weight_files(folder: &Path) -> Result<Vec<WeightFile>, LoadError> {
    type Kind = fn(PathBuf) -> WeightFile;
    let choices: [(&str, Kind); 2] =
        [("model.safetensors", WeightFile::SafeTensors), ("pytorch_model.bin", WeightFile::Torch)];
    for (name, kind) in choices {
        let (whole, index) = (folder.join(name), folder.join(format!("{name}.index.json")));
        if whole.is_file() {
            return Ok(vec![kind(whole)]);
        }
        if index.is_file() {
            return Ok(shards(folder, &index)?.into_iter().map(kind).collect());
        }
    }
    Err(LoadError::Missing { folder: folder.to_owned(), wanted: "model.safetensors or pytorch_model.bin" })
}

/// The part of an index that says where tensors are.
#[derive(Deserialize)]
struct Index {
    weight_map: std::collections::BTreeMap<String, String>,
}

/// The shards that an index names. They must lie in the folder itself.
fn shards(folder: &Path, path: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let corrupt =
        |place: &str, problem: String| LoadError::Corrupt { path: path.to_owned(), place: place.to_owned(), problem };
    let index: Index =
        serde_json::from_slice(&read(path)?).map_err(|error| corrupt("weight_map", error.to_string()))?;
    let mut shards = BTreeSet::new();
    for (tensor, name) in index.weight_map {
        let mut components = Path::new(&name).components();
        let is_plain = matches!((components.next(), components.next()), (Some(Component::Normal(_)), None));
        if !is_plain || name.contains(['/', '\\']) {
            return Err(corrupt(&tensor, format!("names the file `{name}`, which is not in this folder")));
        }
        shards.insert(folder.join(name));
    }
    if shards.is_empty() {
        return Err(corrupt("weight_map", "names no files".to_owned()));
    }
    Ok(shards.into_iter().collect())
}
