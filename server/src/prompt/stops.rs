//! When a continuation ends, and how the context window is shared between prompt and reply.

use maskarad_dialog::stops;
use maskarad_engine::{GenerationConfig, LoadedModel};

use crate::config::persona::Persona;

/// How a model's positions are shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Tokens the prompt may have.
    pub prompt: usize,
    /// New tokens.
    pub max_new_tokens: usize,
}

/// Shares the positions a sequence may have: the reply gets what it asks for but at most half, the prompt the rest.
pub fn window(positions: usize, max_new_tokens: usize) -> Window {
    let max_new_tokens = max_new_tokens.min(positions / 2).max(1);
    Window { prompt: positions.saturating_sub(max_new_tokens), max_new_tokens }
}

/// How this persona's replies are generated on this model: the manifest's parameters within the window, with every stop.
/// The seed is each reply's own.
pub fn generation(persona: &Persona, model: &LoadedModel, window: Window) -> GenerationConfig {
    let mut generation = persona.generation.clone();
    generation.max_new_tokens = window.max_new_tokens;
    let stops = model.tokenizer().map(|tokenizer| stops(&persona.template, tokenizer)).unwrap_or_default();
    for id in model.eos_token_ids().iter().chain(&stops.eos_token_ids) {
        if !generation.eos_token_ids.contains(id) {
            generation.eos_token_ids.push(*id);
        }
    }
    generation.stop_strings.extend(stops.stop_strings);
    generation
}
