//! The sections of the steps, as options of the trainer.

use std::path::Path;

use maskarad_trainer::corpus::clean::{CleanError, CleanOptions, RENAMED};
use maskarad_trainer::corpus::filter;
use maskarad_trainer::train::RunError;
use maskarad_trainer::train::options::TrainOptions;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::config::options::Entries;
use crate::config::persona::Persona;
use crate::config::problem::Report;

/// Keys of [`TrainOptions`] that the builder sets.
const OF_THE_BUILDER: [&str; 3] = ["corpus", "out", "validation_file"];

/// How a persona is measured, and what follows from it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvalSection {
    /// A persona that is worse than the one it would replace doesn't take its place.
    pub gate: bool,
    /// How many replies are generated to look at; 0: none.
    pub replies: usize,
    /// What they follow from.
    pub seed: u64,
}

impl Default for EvalSection {
    fn default() -> Self {
        Self { gate: false, replies: 200, seed: 42 }
    }
}

pub(super) fn clean(entries: &Entries, folder: &Path, report: &mut Report<'_>) -> Option<CleanOptions> {
    let mut options: CleanOptions = entries.read("clean", report)?;
    options.profanity = options.profanity.map(|list| folder.join(list));
    if let Err(error) = options.validate() {
        let option = if let CleanError::Share { option, .. } = error { option } else { "" };
        report.note(&format!("clean.{option}"), entries.place_of(option), error);
    }
    Some(options)
}

/// Whose turns are learned of a corpus that was cleaned so, where the training isn't told.
pub(super) fn author(clean: &CleanOptions) -> Vec<String> {
    if clean.rename && !clean.persona.is_empty() { vec![RENAMED.to_owned()] } else { clean.persona.clone() }
}

pub(super) fn filter(mut entries: Entries, folder: &Path, report: &mut Report<'_>) -> Option<filter::Options> {
    // One key less to write: `keep_above_quantile: 0.75` and `drop_above: 0.5`, as the command line has them.
    for (written, meant) in [("keep_above_quantile", "above_quantile"), ("drop_above", "drop_above")] {
        entries.wrap(written, "keep", meant);
    }
    let mut options: filter::Options = entries.read("filter", report)?;
    options.model = folder.join(&options.model);
    if let Err(error) = options.keep.check() {
        report.note("filter.keep", entries.place_of("keep"), error);
    }
    Some(options)
}

pub(super) fn eval(entries: Option<Entries>, report: &mut Report<'_>) -> EvalSection {
    entries.and_then(|entries| entries.read("eval", report)).unwrap_or_default()
}

/// The options of the training, begun with the manifest's model where an adapter is trained on it.
pub(super) fn train(
    entries: Option<Entries>,
    folder: &Path,
    persona: Option<&Persona>,
    report: &mut Report<'_>,
) -> TrainOptions {
    let mut entries = entries.unwrap_or_default();
    for key in OF_THE_BUILDER {
        if let Some(Spanned { referenced, .. }) = entries.take(key) {
            report.note(&format!("train.{key}"), referenced, "is for `persona build` to set; leave it out");
        }
    }
    let Some(mut options) = entries.read::<TrainOptions>("train", report) else { return TrainOptions::default() };
    options.base = options.base.map(|base| folder.join(base));
    let Some(persona) = persona else { return options };
    if options.base.is_none() && options.from_scratch.is_none() && options.lora.is_some() {
        options.base = Some(persona.model.path.clone());
    }
    let place = |key: &str| entries.place_of(key);
    if let Err(RunError::Option { name, problem }) = options.validate() {
        report.note(&format!("train.{name}"), place(name), problem);
    }
    if let Some((key, problem)) = clash(&options, persona) {
        report.note(key, place("lora"), problem);
    }
    options
}

/// What manifest and training must agree on: an adapter is made where one is served, a checkpoint where none is.
fn clash(options: &TrainOptions, persona: &Persona) -> Option<(&'static str, &'static str)> {
    let (trains, serves) = (options.lora.is_some(), persona.model.adapter.is_some());
    match (trains, serves) {
        (true, false) => Some(("train.lora", "makes an adapter, but the manifest has no model.adapter to put it at")),
        (false, true) => Some(("train", "has no lora, but the manifest serves an adapter; add `lora: {}` to make one")),
        (false, false) if options.base.as_ref() == Some(&persona.model.path) => {
            Some(("train.base", "is the manifest's model.path, which the trained checkpoint would replace"))
        }
        _ => None,
    }
}
