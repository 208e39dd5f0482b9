//! What can go wrong with a request, once its model is loaded. Loading has [`crate::LoadError`].

use crate::generation::InvalidGeneration;
use crate::key::ModelKey;

/// Why a request is refused or fails.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EngineError {
    /// No such model is loaded in this engine.
    #[error("model {0} is not loaded")]
    UnknownModel(ModelKey),
    /// There is nothing to continue.
    #[error("the prompt has no tokens")]
    EmptyPrompt,
    /// The prompt and its continuation exceed the model's positions.
    #[error(
        "the prompt has {prompt} tokens and max_new_tokens is {max_new_tokens}, but the model has only {context} positions"
    )]
    PromptTooLong {
        /// Tokens in the prompt.
        prompt: usize,
        /// New tokens asked for.
        max_new_tokens: usize,
        /// Positions of the model.
        context: usize,
    },
    /// A prompt's id that has no embedding row.
    #[error("token id {id} in the prompt is out of range: the model has {rows} rows")]
    TokenOutOfRange {
        /// The id.
        id: u32,
        /// The model's embedding rows.
        rows: usize,
    },
    /// A generation parameter is out of its range.
    #[error(transparent)]
    Generation(#[from] InvalidGeneration),
    /// Stop strings need text, and this checkpoint has no tokenizer.
    #[error("stop_strings need a tokenizer, and this checkpoint has none")]
    NoTokenizer,
    /// The request would not fit an empty engine.
    #[error("the sequence needs {needed} bytes of KV memory, but engine.kv_memory is only {budget}")]
    NeverFits {
        /// Bytes the sequence needs.
        needed: usize,
        /// Bytes there are in all.
        budget: usize,
    },
    /// Too many requests wait already.
    #[error("{waiting} requests wait already")]
    Busy {
        /// Requests that wait.
        waiting: usize,
    },
    /// The model produced a value that is no number.
    #[error("the model produced logits that are not finite")]
    NotFinite,
    /// The engine was shut down.
    #[error("the engine is stopped")]
    Stopped,
    /// What an engine on another machine said of the request.
    #[error("{0}")]
    Elsewhere(String),
    /// A system resource was refused when the engine started.
    #[error("the engine can't start: {0}")]
    Start(String),
}
