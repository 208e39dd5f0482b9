//! Workshop files: `personas/workshop/NAME.yaml`, the whole life of a persona from its sources to its manifest.
//!
//! They stand in a folder of their own since every `personas/*.yaml` is a manifest. Sources are read here key by key; the
//! sections of the steps are the trainer's own options (`super::options`). What is known from the manifest, such as the
//! base and the template, isn't said again. Knows nothing of how a step is done.

mod raw;
mod sections;
mod sources;

use std::path::{Path, PathBuf};

use maskarad_trainer::corpus::clean::CleanOptions;
use maskarad_trainer::corpus::filter;
use maskarad_trainer::corpus::import::ImportOptions;
use maskarad_trainer::train::options::TrainOptions;

pub use self::sections::EvalSection;
use super::manifest;
use super::persona::Persona;
use super::problem::{Problem, Problems, Report};
use super::record;
use super::schema::Schema;

/// The folder of workshop files within that of the manifests.
pub const FOLDER: &str = "workshop";

/// A workshop file, validated. Paths in it are relative to it.
#[derive(Clone, Debug)]
pub struct Workshop {
    /// The file itself.
    pub source: PathBuf,
    /// The persona it makes.
    pub persona: Persona,
    /// What it is made of.
    pub sources: Vec<Source>,
    /// What it is measured by.
    pub held_out: HeldOut,
    /// Whose lines are left out of every source, by id or name.
    pub forget: Vec<String>,
    /// What is masked, cut or left out; `None`: nothing.
    pub clean: Option<CleanOptions>,
    /// What the classifier keeps; `None`: all.
    pub filter: Option<filter::Options>,
    /// How the model learns. Corpus and output are the builder's to set.
    pub train: TrainOptions,
    /// People whose lines the persona's are told from; none: they aren't.
    pub others: Vec<Source>,
    /// How it is measured.
    pub eval: EvalSection,
}

/// Where dialogues come from.
#[derive(Clone, Debug)]
pub struct Source {
    /// A file, a folder, or a board's address.
    pub path: PathBuf,
    /// How it is read.
    pub options: ImportOptions,
}

/// What is kept from the training, to measure by.
#[derive(Clone, Debug)]
pub enum HeldOut {
    /// The last dialogues of every source, as a share of all.
    Share(f64),
    /// Sources of their own.
    Sources(Vec<Source>),
}

impl Workshop {
    /// Where the built model is served from: the manifest's adapter, or its checkpoint where a whole model is trained.
    #[must_use]
    pub fn destination(&self) -> &Path {
        self.persona.model.adapter.as_deref().unwrap_or(&self.persona.model.path)
    }
}

/// Where the workshop file of a persona is expected.
#[must_use]
pub fn file_of(personas: &Path, name: &str) -> PathBuf {
    personas.join(FOLDER).join(format!("{name}.yaml"))
}

/// What a workshop file may hold.
#[must_use]
pub fn schema() -> Schema {
    Schema::of::<raw::File>("How a Maskarad persona is made")
}

/// Reads a workshop file and the manifest that it names.
///
/// # Errors
/// Everything that is wrong with either.
pub fn load(file: &Path) -> Result<Workshop, Problems> {
    parse(file, &manifest::read(file)?)
}

/// Reads a workshop file from its text; its folder is what relative paths in it start from.
///
/// # Errors
/// Everything that is wrong with it, and with the manifest that it names.
pub fn parse(file: &Path, text: &str) -> Result<Workshop, Problems> {
    let mut report = Report::new(file, Some(text));
    let mut of_manifest = Problems::default();
    let workshop =
        record::read(text, &mut report).and_then(|raw: raw::File| workshop(raw, file, &mut report, &mut of_manifest));
    let mut problems = report.into_problems();
    problems.0.extend(of_manifest.0);
    match workshop {
        Some(workshop) if problems.0.is_empty() => Ok(workshop),
        _ => Err(problems),
    }
}

/// `None` where there is no manifest to go by.
fn workshop(raw: raw::File, file: &Path, report: &mut Report<'_>, of_manifest: &mut Problems) -> Option<Workshop> {
    let folder = file.parent().unwrap_or(Path::new(""));
    if raw.sources.is_empty() {
        report.problems.push(Problem::of_file(file, "sources", "is missing; name at least one, such as - { path: … }"));
    }
    let sources = sources::sources(raw.sources, folder);
    let others = sources::sources(raw.others, folder);
    let held_out = sources::held_out(raw.held_out, folder, report);
    let clean = raw.clean.and_then(|entries| sections::clean(&entries, folder, report));
    let filter = raw.filter.and_then(|entries| sections::filter(entries, folder, report));
    let eval = sections::eval(raw.eval, report);
    let persona = raw.manifest.0.and_then(|path| {
        manifest::load_one_without_token(&folder.join(&path.value))
            .map_err(|problems| of_manifest.0.extend(problems.0))
            .ok()
    });
    let mut train = sections::train(raw.train, folder, persona.as_ref(), report);
    if train.persona.is_empty() {
        train.persona = clean.as_ref().map(sections::author).unwrap_or_default();
    }
    let persona = persona?;
    let (source, forget) = (file.to_owned(), raw.forget);
    Some(Workshop { source, persona, sources, held_out, others, forget, clean, filter, train, eval })
}

#[cfg(test)]
mod tests;
