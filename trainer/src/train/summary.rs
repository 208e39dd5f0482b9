//! What a run came to, for people and for programs. Holds no times, so that the same run says the same.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::checkpoint::State;
use super::data::Data;
use super::history::History;
use super::run::{Course, Ending};

/// What a finished run came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// `whole` or `lora`.
    pub kind: String,
    /// Steps that were done.
    pub steps: u64,
    /// Steps that were meant to be.
    pub planned_steps: u64,
    /// Whether nothing got better for too long.
    pub early_stopping: bool,
    /// Readings of the corpus, the last maybe in part.
    pub epochs: f64,
    /// Tokens that were read, padding included.
    pub tokens: u64,
    /// Dialogues of the corpus.
    pub dialogues: u64,
    /// Those that had nothing to learn.
    pub dialogues_without_answers: u64,
    /// Rows that were learned.
    pub train_rows: usize,
    /// Rows that were held out.
    pub validation_rows: usize,
    /// Loss of the first step.
    pub first_loss: Option<f32>,
    /// Mean loss of the last steps, ten at most.
    pub last_loss: Option<f32>,
    /// The step whose weights were kept.
    pub kept_step: u64,
    /// Its loss on what was held out.
    pub validation_loss: Option<f32>,
}

impl Summary {
    /// Draws it up.
    #[must_use]
    pub fn new(kind: &str, course: Course, ending: Ending, state: &State, history: &History) -> Self {
        let last: Vec<f32> = history.losses().rev().take(10).map(|(_, loss)| loss).collect();
        Self {
            kind: kind.to_owned(),
            steps: state.step,
            planned_steps: course.total,
            early_stopping: ending == Ending::EarlyStopping,
            epochs: state.step as f64 / course.per_epoch as f64,
            tokens: state.tokens,
            dialogues: 0,
            dialogues_without_answers: 0,
            train_rows: 0,
            validation_rows: 0,
            first_loss: history.losses().next().map(|(_, loss)| loss),
            last_loss: (!last.is_empty()).then(|| last.iter().sum::<f32>() / last.len() as f32),
            kept_step: state.best.map_or(state.step, |best| best.step),
            validation_loss: state.best.map(|best| best.loss),
        }
    }

    /// The same, with what was read.
    #[must_use]
    pub fn of(self, data: &Data) -> Self {
        Self {
            dialogues: data.dialogues,
            dialogues_without_answers: data.empty,
            train_rows: data.train.len(),
            validation_rows: data.validation.len(),
            ..self
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dialogues, dialogues_without_answers: empty, train_rows, validation_rows, .. } = self;
        writeln!(formatter, "corpus      {dialogues} dialogues, {empty} of them without an answer to learn")?;
        writeln!(formatter, "rows        {train_rows} learned, {validation_rows} held out")?;
        writeln!(formatter, "steps       {} of {} ({:.2} epochs)", self.steps, self.planned_steps, self.epochs)?;
        if self.early_stopping {
            writeln!(formatter, "            ended early: nothing got better any more")?;
        }
        if let (Some(first), Some(last)) = (self.first_loss, self.last_loss) {
            writeln!(formatter, "loss        {first:.4} at first, {last:.4} at last")?;
        }
        match self.validation_loss {
            Some(loss) => {
                writeln!(formatter, "held out    {loss:.4}, a perplexity of {:.2}", f64::from(loss).exp())?;
                write!(formatter, "kept        step {}, which did best on what was held out", self.kept_step)
            }
            None => write!(formatter, "kept        step {}, the last; nothing was held out", self.kept_step),
        }
    }
}
