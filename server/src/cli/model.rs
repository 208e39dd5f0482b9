//! A persona's checkpoint, loaded and proven to fit the persona.

use maskarad_engine::{Engine, Tokenizer};

use crate::config::persona::{Persona, Template};
use crate::config::problem::Problem;
use crate::live::Voice;
use crate::prompt::{self, Turn};

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
    let model = engine
        .load(path, persona.model.precision)
        .map_err(|error| problem("model", super::sentence(&anyhow::Error::new(error))))?;
    let Some(voice) = Voice::new(persona, model) else {
        return Err(problem("model.path", format!("{} has no tokenizer", path.display())));
    };
    let budget = prompt::window(voice.model.config().n_positions, persona.generation.max_new_tokens).prompt;
    prompt::build(persona, &voice.tokenizer, &[Turn::asked("Привет")], budget)
        .map_err(|error| problem("template", super::sentence(&anyhow::Error::new(error))))?;
    warn_of_missing_tokens(persona, &voice.tokenizer);
    Ok(voice)
}

/// A template whose markers aren't tokens of the checkpoint works, but hardly as its author meant.
fn warn_of_missing_tokens(persona: &Persona, tokenizer: &Tokenizer) {
    let wanted: &[&str] = match persona.template {
        Template::PromptReply => &["<s>"],
        Template::Rudialogpt3 { .. } => &["</s>"],
        Template::Rudialogpt => &["@@ПЕРВЫЙ@@", "@@ВТОРОЙ@@"],
        Template::Continuation | Template::Custom(_) => &[],
    };
    for token in wanted.iter().filter(|token| tokenizer.id_of(token).is_none()) {
        tracing::warn!(persona = %persona.name, "the checkpoint has no token {token}; was it trained for this template?");
    }
}
