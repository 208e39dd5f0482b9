//! A persona's checkpoint, loaded and proven to fit the persona.

use maskarad_engine::{Engine, Tokenizer};

use super::progress;
use crate::config::persona::Persona;
use crate::config::problem::Problem;
use crate::live::{self, Voice};
use crate::prompt::{PromptError, Turn};

/// Loads a persona's checkpoint; personas with the same files share it.
///
/// # Errors
/// What keeps the checkpoint from being loaded or from fitting the manifest, as a problem of the manifest.
pub(super) fn load(engine: &Engine, persona: &Persona) -> Result<Voice, Problem> {
    let problem = |key: &str, message: String| Problem::of_file(&persona.source, key, message);
    let path = &persona.model.path;
    if !path.is_dir() {
        return Err(problem("model.path", format!("there is no folder {}", path.display())));
    }
    if let Some(adapter) = persona.model.adapter.as_ref().filter(|adapter| !adapter.is_dir()) {
        return Err(problem("model.adapter", format!("there is no folder {}", adapter.display())));
    }
    let message = format!("{}: loading the checkpoint", persona.name);
    let model = progress::during(&message, || live::load(engine, &persona.model))
        .map_err(|error| problem("model", super::sentence(&anyhow::Error::new(error))))?;
    let Some(voice) = Voice::new(persona, model, engine) else {
        return Err(problem("model.path", format!("{} has no tokenizer", path.display())));
    };
    if let Err(error) = voice.prompt(persona, &[Turn::asked("Привет")]) {
        let (key, message) = without_prompt(persona, &voice, error);
        return Err(problem(key, message));
    }
    warn_of_missing_tokens(persona, &voice.tokenizer);
    Ok(voice)
}

/// Why not even a greeting makes a prompt, and the key to mend it at: memory, where the model alone has room enough.
fn without_prompt(persona: &Persona, voice: &Voice, error: PromptError) -> (&'static str, String) {
    if let PromptError::NoRoom { needed, .. } = error {
        let least = needed + needed.min(persona.generation.max_new_tokens);
        if least <= voice.model.config().n_positions {
            let memory = voice.model.kv_bytes(least).div_ceil(1 << 20);
            return ("engine.kv_memory", format!("is too small for this model and template, which need {memory} MiB"));
        }
    }
    ("template", super::sentence(&anyhow::Error::new(error)))
}

/// A template whose markers aren't tokens of the checkpoint works, but hardly as its author meant.
fn warn_of_missing_tokens(persona: &Persona, tokenizer: &Tokenizer) {
    for token in persona.template.tokens().iter().filter(|token| tokenizer.id_of(token).is_none()) {
        tracing::warn!(persona = %persona.name, "the checkpoint has no token {token}; was it trained for this template?");
    }
}
