//! GPT-2 inference for Maskarad: checkpoint folders, tokenizers, the model, continuous batching and sampling.
//!
//! A caller starts one [`Engine`], loads checkpoints into it and sends it [`Request`]s, which are plain serialisable
//! data; each answer is a stream of [`Event`]s. The crate knows no Telegram, no SQL and no YAML, reads no environment,
//! and only its worker knows about threads and channels.

mod cache;
pub mod checkpoint;
pub mod config;
pub mod engine;
pub mod error;
pub mod generation;
mod kernels;
pub mod key;
pub mod model;
pub mod observer;
mod packed;
mod region;
pub mod sampling;
pub mod scheduler;
pub mod sequence;
pub mod stop;
pub mod synthetic;
pub mod tokenizer;
mod worker;

pub use checkpoint::LoadError;
pub use config::ModelConfig;
pub use engine::{CancelHandle, Engine, EngineConfig, Generation};
pub use error::EngineError;
pub use generation::{
    Event, Finished, GenerationConfig, InvalidGeneration, MAX_NEW_TOKENS, Request, StopReason, Timings,
};
pub use kernels::{InstructionSet, UnknownInstructionSet};
pub use key::{ModelKey, Precision};
pub use model::loaded::LoadedModel;
pub use observer::{Observer, Step};
pub use packed::PackedError;
pub use tokenizer::{TextStream, Tokenizer, TokenizerError};
