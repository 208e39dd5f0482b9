//! The losses of a run, a line of JSON for each step and each evaluation. Lines hold no times, so that a resumed run writes
//! the same ones.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::RunError;
use crate::files;

/// A line of the history.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Line {
    /// A step.
    Step {
        /// Which, from 1.
        step: u64,
        /// Which reading of the corpus it belongs to, from 0.
        epoch: u64,
        /// Mean loss of a learned token.
        loss: f32,
        /// Norm of the gradients, before they were clipped.
        grad_norm: f32,
        /// The learning rate.
        learning_rate: f64,
        /// Tokens that were learned.
        labels: u64,
    },
    /// An evaluation.
    Evaluation {
        /// After which step.
        step: u64,
        /// Mean loss of a held-out token.
        validation_loss: f32,
    },
}

/// The losses so far.
#[derive(Debug, Default)]
pub struct History {
    text: Vec<u8>,
    lines: Vec<Line>,
}

impl History {
    /// What a checkpoint kept.
    ///
    /// # Errors
    /// A line that is none of a history.
    pub fn read(path: &Path, text: Vec<u8>) -> Result<Self, RunError> {
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let lines: Result<Vec<Line>, _> = lines.map(serde_json::from_slice).collect();
        let lines = lines.map_err(|_| RunError::Broken {
            path: path.to_owned(),
            problem: "has a line that no run wrote".to_owned(),
        })?;
        Ok(Self { text, lines })
    }

    /// Adds a line.
    pub fn push(&mut self, line: Line) {
        serde_json::to_writer(&mut self.text, &line).expect("a line is plain data");
        self.text.push(b'\n');
        self.lines.push(line);
    }

    /// The file's bytes.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Loss by step.
    pub fn losses(&self) -> impl DoubleEndedIterator<Item = (u64, f32)> {
        self.lines.iter().filter_map(|line| match line {
            Line::Step { step, loss, .. } => Some((*step, *loss)),
            Line::Evaluation { .. } => None,
        })
    }

    /// Validation loss by step.
    pub fn evaluations(&self) -> impl DoubleEndedIterator<Item = (u64, f32)> {
        self.lines.iter().filter_map(|line| match line {
            Line::Evaluation { step, validation_loss } => Some((*step, *validation_loss)),
            Line::Step { .. } => None,
        })
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// It can't be written.
    pub fn write(&self, path: &Path) -> Result<(), RunError> {
        Ok(files::write(path, &self.text)?)
    }
}
