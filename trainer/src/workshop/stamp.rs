//! What a step was done with: if all of it is as it was, and so are its outputs, the step needn't be done again.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Step;
use crate::files::{self, FileError};

/// What went into a step. Contents count, names and times of files don't, except that a folder's files have names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stamp {
    /// The version of the step in the program that did it.
    version: u32,
    /// Its options, in words of the program.
    options: String,
    /// Hashes of its inputs' contents, in the order in which it takes them, each with its path for people to read.
    inputs: Vec<(PathBuf, String)>,
    /// Hashes of what it made; empty while it is under way.
    outputs: BTreeMap<PathBuf, String>,
}

/// Why a step is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It never was, or was not finished.
    New,
    /// Somebody asked for it.
    Asked,
    /// The program does it otherwise by now.
    Program,
    /// It is told to do something else.
    Options,
    /// This input has changed, or there are others than before.
    Input(PathBuf),
    /// This output is gone or was altered.
    Output(PathBuf),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => f.write_str("was not done yet"),
            Self::Asked => f.write_str("as was asked"),
            Self::Program => f.write_str("this program does it otherwise than the one before"),
            Self::Options => f.write_str("its options have changed"),
            Self::Input(path) => write!(f, "{} has changed", path.display()),
            Self::Output(path) => write!(f, "{} is gone or was altered", path.display()),
        }
    }
}

impl Stamp {
    /// Of a step that is about to be done.
    ///
    /// # Errors
    /// An input can't be read.
    pub fn before(step: Step, options: &str, inputs: &[PathBuf]) -> Result<Self, FileError> {
        let hashed = |path: &PathBuf| Ok((path.clone(), content_hash(path)?));
        let inputs = inputs.iter().map(hashed).collect::<Result<_, FileError>>()?;
        Ok(Self { version: step.version(), options: options.to_owned(), inputs, outputs: BTreeMap::new() })
    }

    /// The same, once the step has made `outputs`.
    ///
    /// # Errors
    /// An output can't be read.
    pub fn after(mut self, outputs: &[PathBuf]) -> Result<Self, FileError> {
        for path in outputs {
            self.outputs.insert(path.clone(), content_hash(path)?);
        }
        Ok(self)
    }

    /// Whether both are of work with the same things, as far as what went into it is concerned.
    #[must_use]
    pub fn has_same_inputs(&self, other: &Self) -> bool {
        self.difference(other).is_none()
    }

    /// Why what stands at `outputs`, made when `self` was written, doesn't do for `wanted`; `None` where it does.
    ///
    /// # Errors
    /// An output is there and can't be read.
    pub fn staleness(&self, wanted: &Self, outputs: &[PathBuf]) -> Result<Option<Reason>, FileError> {
        if let Some(reason) = self.difference(wanted) {
            return Ok(Some(reason));
        }
        for path in outputs {
            let current = if path.exists() { Some(content_hash(path)?) } else { None };
            if current.is_none() || current.as_ref() != self.outputs.get(path) {
                return Ok(Some(Reason::Output(path.clone())));
            }
        }
        Ok(None)
    }

    fn difference(&self, wanted: &Self) -> Option<Reason> {
        if self.version != wanted.version {
            return Some(Reason::Program);
        }
        let contents = |stamp: &Self| stamp.inputs.iter().map(|(_, hash)| hash.clone()).collect::<Vec<_>>();
        let (before, now) = (contents(self), contents(wanted));
        if before != now {
            let first = before.iter().zip(&now).take_while(|(before, now)| before == now).count();
            let (path, _) = wanted.inputs.get(first).or(self.inputs.last())?;
            return Some(Reason::Input(path.clone()));
        }
        (self.options != wanted.options).then_some(Reason::Options)
    }

    /// Reads a stamp; one that isn't there or can't be understood is none: the step is done anew then.
    pub(super) fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(path).ok()?).ok()
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), FileError> {
        let text = serde_json::to_vec_pretty(self).map_err(std::io::Error::from).map_err(FileError::at(path))?;
        files::write(path, text)
    }
}

/// A hash of a file's contents, or of all files of a folder with their names, as lower-case hexadecimal digits.
///
/// # Errors
/// Something of it can't be read.
pub fn content_hash(path: &Path) -> Result<String, FileError> {
    let mut hasher = blake3::Hasher::new();
    if path.is_dir() {
        for file in files_of(path)? {
            let name = file.strip_prefix(path).unwrap_or(&file).to_string_lossy().into_owned();
            let of_file = content_hash(&file)?;
            hasher.update(format!("{}:{name}:{of_file}\n", name.len()).as_bytes());
        }
    } else {
        let file = File::open(path).map_err(FileError::at(path))?;
        hasher.update_reader(file).map_err(FileError::at(path))?;
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// All files below a folder, sorted.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let located = FileError::at(folder);
    let entries: std::io::Result<Vec<PathBuf>> =
        std::fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let mut files = Vec::new();
    for path in entries.map_err(located)? {
        if path.is_dir() { files.extend(files_of(&path)?) } else { files.push(path) }
    }
    files.sort();
    Ok(files)
}
