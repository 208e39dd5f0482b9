//! When a continuation ends, and how the context window is shared between prompt and reply.

use maskarad_engine::{GenerationConfig, LoadedModel, Tokenizer};

use crate::config::persona::{Persona, Template};

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

/// What ends a reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stops {
    /// Tokens.
    pub(super) eos_token_ids: Vec<u32>,
    /// Texts, where the marker is no token of its own.
    pub(super) stop_strings: Vec<String>,
}

/// What ends a reply in this template besides the checkpoint's own eos: the other speaker's marker.
pub(super) fn stops(template: &Template, tokenizer: &Tokenizer) -> Stops {
    let mut stops = Stops::default();
    stops.eos_token_ids.extend(["</s>", "<|endoftext|>"].iter().filter_map(|eos| tokenizer.id_of(eos)));
    match template {
        Template::PromptReply => stops.add("<s>", tokenizer),
        Template::Rudialogpt3 { .. } => stops.add("|0|", tokenizer),
        Template::Rudialogpt => stops.add("@@ПЕРВЫЙ@@", tokenizer),
        Template::Continuation => {}
        Template::Custom(custom) => {
            custom.stop_strings.iter().for_each(|stop| stops.add(stop, tokenizer));
            let speaker = custom.user_prefix.trim();
            if speaker.chars().count() > 1 {
                stops.add(speaker, tokenizer);
            }
        }
    }
    stops
}

impl Stops {
    /// Adds a marker by its token, or as text where the tokenizer has none for it.
    fn add(&mut self, marker: &str, tokenizer: &Tokenizer) {
        let added = tokenizer.added_tokens().into_iter().find(|(token, _)| token == marker);
        match added {
            Some((_, id)) if !self.eos_token_ids.contains(&id) => self.eos_token_ids.push(id),
            None if !self.stop_strings.iter().any(|known| known == marker) => self.stop_strings.push(marker.to_owned()),
            _ => {}
        }
    }
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
