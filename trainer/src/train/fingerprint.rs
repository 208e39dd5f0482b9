//! What a run was begun with, so that it is gone on with nothing else. Names what differs; compares contents, not paths.

use std::path::{Path, PathBuf};

use maskarad_dialog::Format;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::RunError;
use super::options::TrainOptions;
use crate::files::FileError;

/// Raised when the numbers of a run would come out otherwise than with an earlier release.
const VERSION: u32 = 1;

/// Options that say where things lie and how many are kept, not what comes out.
const NEUTRAL: [&str; 6] = ["out", "base", "corpus", "validation_file", "save_steps", "save_total_limit"];

/// Everything that the bytes of a run follow from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fingerprint {
    version: u32,
    options: Value,
    format: Value,
    corpus: String,
    validation_file: Option<String>,
    base: Option<String>,
}

impl Fingerprint {
    /// Reads and hashes the files of a run.
    ///
    /// # Errors
    /// A file that can't be read.
    pub fn take(options: &TrainOptions, format: &Format) -> Result<Self, RunError> {
        let mut told = serde_json::to_value(options).expect("options are plain data");
        if let Value::Object(fields) = &mut told {
            NEUTRAL.iter().for_each(|name| drop(fields.remove(*name)));
        }
        Ok(Self {
            version: VERSION,
            options: told,
            format: serde_json::to_value(format).expect("a format is plain data"),
            corpus: hash_of_file(&options.corpus)?,
            validation_file: options.validation_file.as_deref().map(hash_of_file).transpose()?,
            base: options.base.as_deref().map(hash_of_folder).transpose()?,
        })
    }

    /// What another run was begun with that differs; `None`: nothing.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<String> {
        let parts = [
            ("corpus", self.corpus != other.corpus),
            ("base", self.base != other.base),
            ("template", self.format != other.format),
            ("validation_file", self.validation_file != other.validation_file),
            ("version of this program", self.version != other.version),
        ];
        if let Some((name, _)) = parts.into_iter().find(|(_, differs)| *differs) {
            return Some(name.to_owned());
        }
        let (Value::Object(ours), Value::Object(theirs)) = (&self.options, &other.options) else {
            return Some("set of options".to_owned());
        };
        ours.iter().find(|(name, value)| theirs.get(*name) != Some(*value)).map(|(name, _)| name.clone())
    }
}

fn hash_of_file(path: &Path) -> Result<String, RunError> {
    let mut hasher = blake3::Hasher::new();
    let file = std::fs::File::open(path).map_err(FileError::at(path))?;
    hasher.update_reader(file).map_err(FileError::at(path))?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Names and contents of the folder's files.
fn hash_of_folder(folder: &Path) -> Result<String, RunError> {
    let mut hasher = blake3::Hasher::new();
    for path in files_of(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        hasher.update(name.as_bytes()).update(&[0]).update(hash_of_file(&path)?.as_bytes());
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// The files of a checkpoint, by name.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>, RunError> {
    let entries = std::fs::read_dir(folder).map_err(FileError::at(folder))?;
    let paths: Result<Vec<_>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(FileError::at(folder))?;
    let matters = |path: &PathBuf| {
        let kind = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        path.is_file() && ["json", "txt", "safetensors", "bin"].contains(&kind.as_str())
    };
    paths.retain(matters);
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use maskarad_dialog::Template;

    use super::*;

    #[test]
    fn what_differs_is_named_and_places_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            path
        };
        let (corpus, copy, other) = (write("a", "x"), write("b", "x"), write("c", "y"));
        let base = write("base/config.json", "{}").parent().unwrap().to_owned();
        let options = TrainOptions { corpus, base: Some(base), ..TrainOptions::default() };
        let format = Format::of(Template::Rudialogpt);
        let first = Fingerprint::take(&options, &format).unwrap();
        let against =
            |options: &TrainOptions, format: &Format| first.difference(&Fingerprint::take(options, format).unwrap());
        let moved = TrainOptions { corpus: copy, out: "elsewhere".into(), save_steps: 9, ..options.clone() };
        assert_eq!(against(&moved, &format), None);
        let named = |name: &str| Some(name.to_owned());
        assert_eq!(against(&TrainOptions { corpus: other, ..options.clone() }, &format), named("corpus"));
        assert_eq!(against(&TrainOptions { seed: 1, ..options.clone() }, &format), named("seed"));
        assert_eq!(against(&options, &Format::of(Template::Continuation)), named("template"));
        write("base/config.json", "{ }");
        assert_eq!(against(&options, &format), named("base"));
    }
}
