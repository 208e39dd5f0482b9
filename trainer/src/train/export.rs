//! The end of a run: the trained checkpoint, its tokenizer, the curve and the summary take their places. The summary comes
//! last, so that a folder with one is whole.

use std::path::Path;

use super::folder::{RunFolder, remove};
use super::history::History;
use super::summary::Summary;
use super::{Learner, RunError, curve};
use crate::files::{self, FileError};

/// What makes a tokenizer.
const TOKENIZER: [&str; 6] = [
    "tokenizer.json",
    "vocab.json",
    "merges.txt",
    "added_tokens.json",
    "special_tokens_map.json",
    "tokenizer_config.json",
];

/// What an earlier run of another kind may have left.
const WEIGHTS: [&str; 5] =
    ["adapter_config.json", "adapter_model.safetensors", "config.json", "generation_config.json", "model.safetensors"];

/// Puts everything in its place. A whole checkpoint gets the `tokenizer` of this folder.
///
/// # Errors
/// A file can't be written.
pub(super) fn finish(
    folder: &RunFolder,
    learner: &dyn Learner,
    tokenizer: Option<&Path>,
    history: &History,
    summary: &Summary,
) -> Result<(), RunError> {
    history.write(&folder.losses())?;
    let part = folder.own("export");
    remove(&part)?;
    std::fs::create_dir_all(&part).map_err(FileError::at(&part))?;
    learner.export(&part)?;
    for name in tokenizer.iter().flat_map(|_| TOKENIZER) {
        copy(tokenizer.unwrap_or(&part), &part, name)?;
    }
    for name in WEIGHTS.iter().filter(|name| !part.join(name).exists()) {
        remove(&folder.out().join(name))?;
    }
    take_places(&part, folder.out())?;
    files::write(&folder.out().join("loss.svg"), curve::draw(history))?;
    let text = serde_json::to_vec_pretty(summary).expect("a summary is plain data");
    files::write(&folder.summary(), text)?;
    // From here on nothing needs them.
    for name in ["export", "checkpoints", "base"] {
        remove(&folder.own(name))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path, name: &str) -> Result<(), RunError> {
    let (source, target) = (from.join(name), to.join(name));
    if source.exists() && !target.exists() {
        std::fs::copy(&source, &target).map_err(FileError::at(&target))?;
    }
    Ok(())
}

/// Moves each file of `part` to `out`, synced.
fn take_places(part: &Path, out: &Path) -> Result<(), RunError> {
    for entry in std::fs::read_dir(part).map_err(FileError::at(part))? {
        let path = entry.map_err(FileError::at(part))?.path();
        let target = out.join(path.file_name().unwrap_or_default());
        std::fs::File::open(&path).and_then(|file| file.sync_all()).map_err(FileError::at(&path))?;
        std::fs::rename(&path, &target).map_err(FileError::at(&target))?;
    }
    std::fs::File::open(out).and_then(|folder| folder.sync_all()).map_err(FileError::at(out))?;
    Ok(())
}
