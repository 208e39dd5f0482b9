//! Loads who is measured and lets the workshop measure them. Also the way of `persona build`.

use anyhow::{Context, anyhow};
use maskarad_dialog::Format;
use maskarad_engine::{Engine, EngineConfig, LoadedModel, Precision};
use maskarad_trainer::eval::generate::Speaker;
use maskarad_trainer::eval::{Options, Report, Subject, evaluate};
use maskarad_trainer::progress::Progress;

use std::path::PathBuf;

use crate::cli::sentence;
use crate::config::persona::Persona;
use crate::live::Voice;
use crate::reply::{self, Outcome};

/// Who is measured, on what.
#[derive(Debug)]
pub(in crate::cli) struct Plan {
    /// How it speaks, on which checkpoint, with which adapter.
    pub(in crate::cli) persona: Persona,
    /// What it is compared with; by default its checkpoint without the adapter.
    pub(in crate::cli) base: Option<PathBuf>,
    /// Of both.
    pub(in crate::cli) precision: Precision,
    /// On what.
    pub(in crate::cli) options: Options,
}

/// Measures a persona.
///
/// # Errors
/// A checkpoint can't be loaded, a corpus can't be read, or there is too little to measure.
pub(in crate::cli) fn measure(plan: &Plan, engine: EngineConfig, progress: &dyn Progress) -> anyhow::Result<Report> {
    let Plan { persona, base, precision, options } = plan;
    let engine = Engine::start(engine)?;
    let loaded = |error| anyhow!(sentence(&anyhow::Error::new(error)));
    progress.begin("loading", None);
    let path = &persona.model.path;
    let model: LoadedModel = match &persona.model.adapter {
        Some(adapter) => engine.load_adapter(path, adapter, *precision).map_err(loaded)?,
        None => engine.load(path, *precision).map_err(loaded)?,
    };
    let base = engine.load(base.as_ref().unwrap_or(path), *precision).map_err(loaded)?;
    progress.end();
    let voice = Voice::new(persona, model, &engine).with_context(|| format!("{} has no tokenizer", path.display()))?;
    let format = Format { template: persona.template.clone(), rules: persona.prompt.clone() };
    let clean = |text: &str| match reply::clean(persona, &voice.markers, text) {
        Outcome::Text(text) => text,
        Outcome::Discard(_) => String::new(),
    };
    let generation = voice.generation(options.seed);
    let speaker = Speaker {
        engine: &engine,
        format: &format,
        generation: &generation,
        budget: voice.window().prompt,
        clean: &clean,
    };
    Ok(evaluate(&Subject { model: &voice.model, base: &base, speaker }, options, progress)?)
}
