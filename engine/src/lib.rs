//! GPT-2 inference.

use serde::{Deserialize, Serialize};

/// Precision of the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// f32
    F32,
    /// int8
    Int8,
}

/// Generation parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GenerationConfig {
    /// Tokens at most.
    pub max_new_tokens: usize,
    /// Sample or greedy.
    pub do_sample: bool,
    /// Temperature.
    pub temperature: f32,
    /// Top k.
    pub top_k: usize,
    /// Top p.
    pub top_p: f32,
    /// Penalty.
    pub repetition_penalty: f32,
    /// n-grams.
    pub no_repeat_ngram_size: usize,
    /// Seed.
    pub seed: u64,
    /// eos.
    pub eos_token_ids: Vec<u32>,
    /// Stops.
    pub stop_strings: Vec<String>,
}
