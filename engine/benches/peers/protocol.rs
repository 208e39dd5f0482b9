//! What the conductor and its children say to each other: one JSON value a line, the same for children in Rust and in
//! Python (`python/worker.py`).

use serde::{Deserialize, Serialize};

/// One thing a child is asked to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Request {
    /// What to do with the prompts.
    pub(crate) work: Work,
    /// A prompt for each chat, all of one length.
    pub(crate) prompts: Vec<Vec<u32>>,
    /// Tokens to generate after each prompt.
    pub(crate) new: usize,
}

/// The kinds of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Work {
    /// Continue all prompts at once, greedily, whatever they end with.
    Generate,
    /// Read one prompt, up to the logits of what follows.
    Prefill,
}

/// A child's first line, once its model is loaded.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Loaded {
    /// Seconds that loading took.
    pub(crate) load: f64,
    /// Versions and settings.
    pub(crate) about: String,
    /// Bytes of the weights, where the engine tells.
    #[serde(default)]
    pub(crate) weights: Option<usize>,
    /// Bytes of the keys and values of one token, where the engine tells.
    #[serde(default)]
    pub(crate) token_bytes: Option<usize>,
}

/// The answer to a request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// Seconds until the first token: of one chat, or of the last one where there are several.
    pub(crate) first: f64,
    /// Seconds from there to the end.
    pub(crate) rest: f64,
    /// Tokens of all chats that fell into `rest`; without it, all but the first of each.
    #[serde(default)]
    pub(crate) rest_tokens: Option<f64>,
    /// What was generated.
    pub(crate) tokens: Vec<Vec<u32>>,
    /// The most memory the child ever held, in MiB.
    pub(crate) peak_memory: f64,
}
