//! Fine-tuning of a GPT-2: whole, or by a low-rank adapter.
//!
//! [`train()`] reads a corpus into rows of tokens ([`data`]), learns them batch by batch ([`batches`], [`learner`]) along a
//! [`schedule`], and leaves a folder that Hugging Face loads (`export`). Everything follows from the options, the seed and
//! the files; what a killed run left is gone on with ([`checkpoint`]), to the same bytes.

pub mod options;
pub mod run;
pub mod summary;

pub mod batches;
pub mod checkpoint;
pub mod data;
pub mod early_stopping;
pub mod fingerprint;
pub mod folder;
pub mod gpt2;
pub mod history;
pub mod learner;
pub mod schedule;
pub mod split;
pub mod tokenizer;

mod curve;
mod export;
mod run_error;
mod start;

use std::path::Path;

use maskarad_dialog::Format;

use self::batches::Plan;
use self::data::Encoder;
use self::fingerprint::Fingerprint;
use self::folder::{RunFolder, remove};
pub use self::learner::{Batch, DropoutKey, Learner, TrainError};
use self::options::TrainOptions;
use self::run::{Ending, Run, Watch};
pub use self::run_error::RunError;
use self::start::Start;
use self::summary::Summary;

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The trained checkpoint, or adapter, stands in its folder.
    Finished(Box<Summary>),
    /// It was stopped, and can be gone on with.
    Stopped {
        /// Steps that are done.
        step: u64,
        /// All steps.
        of: u64,
    },
}

/// Trains as `options` say; goes on where an earlier call with the same options ended. `restart` begins anew.
///
/// # Errors
/// Options out of range, files that can't be read, a folder with another run: [`RunError`].
pub fn train(options: &TrainOptions, format: &Format, restart: bool, watch: Watch<'_>) -> Result<Outcome, RunError> {
    train_with(options, format, restart, watch, |start| start::learner(options, start))
}

/// As [`train()`], with a learner of the caller's: `make` gets the folder of the checkpoint to begin with.
///
/// # Errors
/// As [`train()`].
pub fn train_with<L: Learner>(
    options: &TrainOptions,
    format: &Format,
    restart: bool,
    watch: Watch<'_>,
    make: impl FnOnce(&Path) -> Result<L, TrainError>,
) -> Result<Outcome, RunError> {
    options.validate()?;
    let fingerprint = Fingerprint::take(options, format)?;
    let folder = RunFolder::open(&options.out, &fingerprint, restart)?;
    if let Some(summary) = finished(&folder)? {
        return Ok(Outcome::Finished(Box::new(summary)));
    }
    let start = Start::open(options, format, &folder)?;
    let block = start.block(options);
    let encoder = Encoder { options, format, tokenizer: &start.tokenizer, block };
    let data = encoder.read(watch.progress)?;
    if options.early_stopping_patience > 0 && data.validation.is_empty() {
        let problem =
            "is set, but nothing is held out to judge by; raise `validation` or name a `validation_file`".to_owned();
        return Err(RunError::Option { name: "early_stopping_patience", problem });
    }
    let mut learner = make(&start.folder)?;
    let packing = options.packing.then_some(block);
    let plan = Plan { rows: options.per_device_train_batch_size, packing, seed: options.seed };
    let mut run = Run::open(options, plan, &data.train, &folder, &mut learner)?;
    let ending = run.go(&data.train, &data.validation, watch)?;
    let course = run.course();
    if ending == Ending::Stopped {
        return Ok(Outcome::Stopped { step: run.state.step, of: course.total });
    }
    let kind = if options.lora.is_some() { "lora" } else { "whole" };
    let summary = Summary::new(kind, course, ending, &run.state, &run.history).of(&data);
    let history = run.history;
    let tokenizer = options.lora.is_none().then_some(start.folder.as_path());
    export::finish(&folder, &learner, tokenizer, &history, &summary)?;
    Ok(Outcome::Finished(Box::new(summary)))
}

/// The summary of a run that came to its end here before.
fn finished(folder: &RunFolder) -> Result<Option<Summary>, RunError> {
    let path = folder.summary();
    let Ok(text) = std::fs::read(&path) else { return Ok(None) };
    let broken = |_| RunError::Broken { path: path.clone(), problem: "is no summary of a run".to_owned() };
    let summary = serde_json::from_slice(&text).map_err(broken)?;
    for name in ["export", "checkpoints", "base"] {
        remove(&folder.own(name))?;
    }
    Ok(Some(summary))
}

#[cfg(test)]
mod tests;
