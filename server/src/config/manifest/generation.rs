//! The `generation` section.

use maskarad_engine::{GenerationConfig, MAX_NEW_TOKENS};

use super::raw;
use crate::config::numbers::{real, whole};
use crate::config::problem::Report;

/// Hugging Face's parameters, each in its range. Sampling is the default: a persona that always says the same is a bore.
pub(super) fn generation(raw: &raw::Generation, report: &mut Report<'_>) -> GenerationConfig {
    let positive = (|value: f64| value > 0.0 && value <= 100.0, "a number above 0 and at most 100");
    let probability = (|value: f64| value > 0.0 && value <= 1.0, "a number above 0 and at most 1");
    let most_new = MAX_NEW_TOKENS as i64;
    GenerationConfig {
        max_new_tokens: whole(report, "generation.max_new_tokens", &raw.max_new_tokens, 1..=most_new)
            .map_or(MAX_NEW_TOKENS, to_usize),
        do_sample: raw.do_sample.unwrap_or(true),
        temperature: real(report, "generation.temperature", &raw.temperature, positive).unwrap_or(1.0) as f32,
        top_k: whole(report, "generation.top_k", &raw.top_k, 0..=1_000_000).map_or(50, to_usize),
        top_p: real(report, "generation.top_p", &raw.top_p, probability).unwrap_or(1.0) as f32,
        repetition_penalty: real(report, "generation.repetition_penalty", &raw.repetition_penalty, positive)
            .unwrap_or(1.0) as f32,
        no_repeat_ngram_size: whole(report, "generation.no_repeat_ngram_size", &raw.no_repeat_ngram_size, 0..=128)
            .map_or(0, to_usize),
        seed: 0,
        eos_token_ids: Vec::new(),
        stop_strings: super::sections::not_empty(report, "generation.stop_strings", &raw.stop_strings),
    }
}

fn to_usize(value: i64) -> usize {
    usize::try_from(value).unwrap_or_default()
}
