//! Checkpoints of a run: whole or not there. Written beside their place, synced and moved; old ones go only afterwards.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::folder::{RunFolder, remove};
use super::{Learner, RunError};
use crate::files::{self, FileError};

/// How far a run is. Its place in the data, shuffles and dropout follow from the step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Steps that are done.
    pub step: u64,
    /// Tokens they read.
    pub tokens: u64,
    /// The best evaluation.
    pub best: Option<Best>,
    /// Evaluations since then.
    pub worse: u64,
}

/// The best evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Best {
    /// After which step.
    pub step: u64,
    /// Mean loss of a held-out token.
    pub loss: f32,
}

/// The checkpoints of a run.
#[derive(Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    /// How many stay besides the best.
    limit: usize,
}

impl Checkpoints {
    /// Those of a run's folder. What a killed process left half-written is removed.
    ///
    /// # Errors
    /// The folder can't be made or read.
    pub fn open(run: &RunFolder, limit: usize) -> Result<Self, RunError> {
        let folder = run.own("checkpoints");
        std::fs::create_dir_all(&folder).map_err(FileError::at(&folder))?;
        let checkpoints = Self { folder, limit: limit.max(1) };
        remove(&checkpoints.part())?;
        Ok(checkpoints)
    }

    /// Writes one, with the history so far, and removes those that are too many.
    ///
    /// # Errors
    /// A file can't be written.
    pub fn save(&self, state: &State, learner: &dyn Learner, losses: &[u8]) -> Result<(), RunError> {
        let (part, place) = (self.part(), self.place(state.step));
        if place.exists() {
            return Ok(());
        }
        remove(&part)?;
        let learned = part.join("learner");
        std::fs::create_dir_all(&learned).map_err(FileError::at(&learned))?;
        learner.save(&learned)?;
        let text = serde_json::to_vec_pretty(state).expect("a state is plain data");
        files::write(&part.join("state.json"), text)?;
        files::write(&part.join("losses.jsonl"), losses)?;
        sync(&part)?;
        std::fs::rename(&part, &place).map_err(FileError::at(&place))?;
        File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(FileError::at(&self.folder))?;
        self.prune(state)
    }

    /// The newest, with its history; `None` where there is none.
    ///
    /// # Errors
    /// It can't be read.
    pub fn newest(&self) -> Result<Option<(State, Vec<u8>)>, RunError> {
        let Some(step) = self.steps()?.pop() else { return Ok(None) };
        let place = self.place(step);
        let path = place.join("state.json");
        let text = std::fs::read(&path).map_err(FileError::at(&path))?;
        let state: State = serde_json::from_slice(&text)
            .map_err(|_| RunError::Broken { path, problem: "is no state of a run".to_owned() })?;
        let path = place.join("losses.jsonl");
        let losses = std::fs::read(&path).map_err(FileError::at(&path))?;
        Ok(Some((state, losses)))
    }

    /// Puts a learner into the state it had after `step`.
    ///
    /// # Errors
    /// The checkpoint is gone, or broken.
    pub fn restore(&self, step: u64, learner: &mut dyn Learner) -> Result<(), RunError> {
        Ok(learner.restore(&self.place(step).join("learner"))?)
    }

    fn prune(&self, state: &State) -> Result<(), RunError> {
        let best = state.best.map(|best| best.step);
        let steps: Vec<u64> = self.steps()?.into_iter().filter(|step| Some(*step) != best).collect();
        for step in &steps[..steps.len().saturating_sub(self.limit)] {
            remove(&self.place(*step))?;
        }
        Ok(())
    }

    /// The steps there are, in order.
    fn steps(&self) -> Result<Vec<u64>, RunError> {
        let entries = std::fs::read_dir(&self.folder).map_err(FileError::at(&self.folder))?;
        let step = |name: &str| name.strip_prefix("step-")?.parse::<u64>().ok();
        let mut steps: Vec<u64> =
            entries.flatten().filter_map(|entry| step(&entry.file_name().to_string_lossy())).collect();
        steps.sort_unstable();
        Ok(steps)
    }

    fn place(&self, step: u64) -> PathBuf {
        self.folder.join(format!("step-{step:08}"))
    }

    fn part(&self) -> PathBuf {
        self.folder.join("part")
    }
}

/// Syncs everything under a folder, and the folder.
fn sync(folder: &Path) -> Result<(), FileError> {
    for entry in std::fs::read_dir(folder).map_err(FileError::at(folder))? {
        let path = entry.map_err(FileError::at(folder))?.path();
        if path.is_dir() {
            sync(&path)?;
        } else {
            File::open(&path).and_then(|file| file.sync_all()).map_err(FileError::at(&path))?;
        }
    }
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(FileError::at(folder))
}
