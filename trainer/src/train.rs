//! Fine-tuning of a GPT-2: whole, or by a low-rank adapter.
//!
//! [`train()`] reads a corpus into rows of tokens ([`data`]), learns them batch by batch ([`batches`], [`learner`]) along a
//! [`schedule`], and leaves a folder that Hugging Face loads. Everything follows from the options, the seed and the files;
//! what a killed run left is gone on with ([`checkpoint`]), to the same bytes.

pub mod options;

pub mod batches;
pub mod data;
pub mod learner;
mod run_error;
pub mod schedule;
pub mod split;

pub use self::learner::{Batch, DropoutKey, Learner, TrainError};
pub use self::run_error::RunError;
