//! A request for text and the events that answer it: plain data, so that it can travel to another machine.
//! Field names and meanings are Hugging Face's (`transformers.GenerationConfig`).

use serde::{Deserialize, Serialize};

use crate::error::EngineError;
use crate::key::ModelKey;

/// The most new tokens one request may ask for.
pub const MAX_NEW_TOKENS: usize = 128;

/// How the next tokens are chosen and when to stop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GenerationConfig {
    /// Upper bound of generated tokens, 1 to [`MAX_NEW_TOKENS`].
    pub max_new_tokens: usize,
    /// `false` takes the likeliest token (the lowest id where two are equal); the penalties still apply.
    pub do_sample: bool,
    /// Divides the logits; positive.
    pub temperature: f32,
    /// Keeps the `top_k` likeliest tokens and those equal to the last of them; 0 keeps all.
    pub top_k: usize,
    /// Keeps the smallest set of likeliest tokens whose probability reaches `top_p`; 1.0 keeps all.
    pub top_p: f32,
    /// Divides positive and multiplies negative logits of tokens seen in the prompt or the reply; 1.0 does nothing.
    pub repetition_penalty: f32,
    /// Forbids to repeat any sequence of so many tokens, the prompt included; 0 forbids nothing.
    pub no_repeat_ngram_size: usize,
    /// Seeds this sequence's own random numbers.
    pub seed: u64,
    /// Any of these ends the reply. Empty means that none does (`--ignore-eos`).
    pub eos_token_ids: Vec<u32>,
    /// Any of these in the generated text ends the reply; the text is cut before it.
    pub stop_strings: Vec<String>,
}

impl Default for GenerationConfig {
    fn default() -> Self {
        Self {
            max_new_tokens: MAX_NEW_TOKENS,
            do_sample: false,
            temperature: 1.0,
            top_k: 50,
            top_p: 1.0,
            repetition_penalty: 1.0,
            no_repeat_ngram_size: 0,
            seed: 0,
            eos_token_ids: Vec::new(),
            stop_strings: Vec::new(),
        }
    }
}

impl GenerationConfig {
    /// Checks every field's range.
    ///
    /// # Errors
    /// The first field that is out of its range, with its value and the range.
    pub fn validate(&self) -> Result<(), InvalidGeneration> {
        let positive = |value: f32| value.is_finite() && value > 0.0;
        let complaint = |field, value: String, expected| Err(InvalidGeneration { field, value, expected });
        if !(1..=MAX_NEW_TOKENS).contains(&self.max_new_tokens) {
            return complaint("max_new_tokens", self.max_new_tokens.to_string(), "a number from 1 to 128");
        }
        if !positive(self.temperature) {
            return complaint("temperature", self.temperature.to_string(), "a number above 0");
        }
        if !(0.0..=1.0).contains(&self.top_p) {
            return complaint("top_p", self.top_p.to_string(), "a number from 0 to 1");
        }
        if !positive(self.repetition_penalty) {
            return complaint("repetition_penalty", self.repetition_penalty.to_string(), "a number above 0");
        }
        if self.stop_strings.iter().any(String::is_empty) {
            return complaint("stop_strings", "\"\"".to_owned(), "texts that are not empty");
        }
        Ok(())
    }
}

/// A field of [`GenerationConfig`] that is out of its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("generation.{field} is {value}, expected {expected}")]
pub struct InvalidGeneration {
    /// The field's name.
    pub field: &'static str,
    /// The value it has.
    pub value: String,
    /// What it may be.
    pub expected: &'static str,
}

/// One prompt to continue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The loaded model to use.
    pub model: ModelKey,
    /// The prompt's token ids; at least one.
    pub prompt: Vec<u32>,
    /// How to continue it.
    pub generation: GenerationConfig,
    /// Whether to return the logits of the prompt's last position.
    #[serde(default)]
    pub want_logits: bool,
}

/// What a running request reports. `Finished` and `Failed` are the last event of their request.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A generated token, and the text it completed: always valid UTF-8, empty while a character or a possible stop
    /// string is incomplete, and always empty without a tokenizer.
    Token {
        /// The token's id.
        id: u32,
        /// The text that became certain with this token.
        text: String,
    },
    /// The request is done.
    Finished(Finished),
    /// The request could not be carried out.
    Failed(EngineError),
}

/// The whole result of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// Generated ids, a final eos or the tokens of a stop string included.
    pub ids: Vec<u32>,
    /// Their text without the final eos, cut before a stop string; `None` without a tokenizer.
    pub text: Option<String>,
    /// Why it ended.
    pub stop_reason: StopReason,
    /// How long it took.
    pub timings: Timings,
    /// Logits of the prompt's last position, one per embedding row, where [`Request::want_logits`] asked for them.
    pub prompt_logits: Option<Vec<f32>>,
}

/// Why a reply ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// One of `eos_token_ids` was generated.
    Eos,
    /// `max_new_tokens` were generated.
    Length,
    /// One of `stop_strings` appeared.
    StopString,
    /// The caller cancelled.
    Cancelled,
}

/// Where the time of a request went, in milliseconds, and what it was spent on.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Timings {
    /// From the request until it was admitted to the batch.
    pub queue_ms: f64,
    /// From admission to the first generated token.
    pub prompt_ms: f64,
    /// From the first generated token to the end.
    pub generate_ms: f64,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Tokens generated.
    pub generated_tokens: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(GenerationConfig::default().validate(), Ok(()));
    }

    #[test]
    fn each_bad_field_is_named() {
        let bad = |change: fn(&mut GenerationConfig)| {
            let mut generation = GenerationConfig::default();
            change(&mut generation);
            generation.validate().unwrap_err().field
        };
        assert_eq!(bad(|g| g.max_new_tokens = 0), "max_new_tokens");
        assert_eq!(bad(|g| g.max_new_tokens = 129), "max_new_tokens");
        assert_eq!(bad(|g| g.temperature = 0.0), "temperature");
        assert_eq!(bad(|g| g.temperature = f32::NAN), "temperature");
        assert_eq!(bad(|g| g.top_p = 1.01), "top_p");
        assert_eq!(bad(|g| g.top_p = f32::NAN), "top_p");
        assert_eq!(bad(|g| g.repetition_penalty = -1.0), "repetition_penalty");
        assert_eq!(bad(|g| g.repetition_penalty = f32::INFINITY), "repetition_penalty");
        assert_eq!(bad(|g| g.stop_strings = vec![String::new()]), "stop_strings");
    }
}
