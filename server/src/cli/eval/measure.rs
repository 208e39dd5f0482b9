//! Loads who is measured and lets the workshop measure them. Also the way of `persona build`.

use std::path::PathBuf;

use anyhow::anyhow;
use maskarad_dialog::Format;
use maskarad_engine::{Engine, EngineConfig};
use maskarad_trainer::eval::generate::Speaker;
use maskarad_trainer::eval::{Options, Report, Subject, evaluate};
use maskarad_trainer::progress::Progress as Watcher;

use crate::cli::{model, progress};
use crate::config::persona::{ModelSpec, Persona};
use crate::reply::{self, Outcome};

/// Who is measured, on what.
#[derive(Debug)]
pub(in crate::cli) struct Plan {
    /// How it speaks, on which checkpoint and adapter, in which precision; the base has the same.
    pub(in crate::cli) persona: Persona,
    /// What it is compared with; by default its checkpoint without the adapter.
    pub(in crate::cli) base: Option<PathBuf>,
    /// On what.
    pub(in crate::cli) options: Options,
}

/// Measures a persona.
///
/// # Errors
/// A checkpoint can't be loaded, a corpus can't be read, or there is too little to measure.
pub(in crate::cli) fn measure(plan: &Plan, engine: EngineConfig, watcher: &dyn Watcher) -> anyhow::Result<Report> {
    let Plan { persona, base, options } = plan;
    let engine = Engine::start(engine)?;
    let voice = model::load(&engine, persona).map_err(|problem| anyhow!("{problem}"))?;
    let ModelSpec { path, precision, .. } = &persona.model;
    let base = base.as_ref().unwrap_or(path);
    let base = progress::during("loading the base", || engine.load(base, *precision))?;
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
    Ok(evaluate(&Subject { model: &voice.model, base: &base, speaker }, options, watcher)?)
}
