//! Persona manifests: `personas/*.yaml` read, checked and made into [`Persona`]s.
//!
//! Every problem of every manifest is collected: an error of syntax, or else all its unknown keys and wrong values, and
//! what clashes between the files.

mod access;
mod raw;
mod sections;
mod template;
mod token;
mod validate;
mod words;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::config::environment::Environment;
use crate::config::persona::Persona;
use crate::config::problem::{Problem, Problems, Report};
use crate::config::record;
use crate::config::schema::Schema;

pub use self::template::NAMES as TEMPLATES;

/// A manifest larger than this is something else.
const MOST_BYTES: u64 = 1 << 20;

/// What a folder of manifests holds.
#[derive(Debug, Default)]
pub struct Personas {
    /// The sound ones, by file name.
    pub personas: Vec<Persona>,
    /// What is wrong with the others.
    pub problems: Problems,
}

impl Personas {
    /// The personas, if nothing at all is wrong.
    ///
    /// # Errors
    /// All problems.
    pub fn into_result(self) -> Result<Vec<Persona>, Problems> {
        if self.problems.0.is_empty() { Ok(self.personas) } else { Err(self.problems) }
    }
}

/// What a manifest may hold.
#[must_use]
pub fn schema() -> Schema {
    Schema::of::<raw::Manifest>("A Maskarad persona")
}

/// Reads every `*.yaml` and `*.yml` of a folder.
pub fn load(folder: &Path, environment: Environment<'_>) -> Personas {
    load_all(folder, Some(environment))
}

/// As [`load`], for a conversation in the terminal: no token is looked up, and none is missed.
pub fn load_without_tokens(folder: &Path) -> Personas {
    load_all(folder, None)
}

/// Reads one manifest; no token is looked up.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load_one_without_token(file: &Path) -> Result<Persona, Problems> {
    parse_with(file, &read(file)?, None)
}

/// A persona that is nothing but a checkpoint and the name of a template, with the defaults of all else.
///
/// # Errors
/// There is no such template.
pub fn bare(model: &Path, template: &str) -> Result<Persona, Problems> {
    // A string of JSON is one of YAML too, whatever is in it.
    let [model, template] = [&model.to_string_lossy(), template].map(|text| serde_json::Value::from(text).to_string());
    let text = format!("name: bare\nmodel: {{ path: {model} }}\ntemplate: {template}\n");
    parse_with(Path::new("--template"), &text, None)
}

fn load_all(folder: &Path, environment: Option<Environment<'_>>) -> Personas {
    let mut loaded = Personas::default();
    let files = match manifests(folder) {
        Ok(files) => files,
        Err(error) => {
            let message = format!("can't be read as the personas folder: {error}");
            loaded.problems.0.push(Problem::of_file(folder, "", message));
            return loaded;
        }
    };
    if files.is_empty() {
        loaded.problems.0.push(Problem::of_file(folder, "", "holds no manifest; expected at least one file *.yaml"));
    }
    for file in files {
        match read(&file).and_then(|text| parse_with(&file, &text, environment)) {
            Ok(persona) => loaded.personas.push(persona),
            Err(problems) => loaded.problems.0.extend(problems.0),
        }
    }
    let clashes = clashes(&loaded.personas);
    loaded.problems.0.extend(clashes);
    loaded
}

/// Reads one manifest from its text. `file` names it in problems, and its folder is what a relative model path starts from.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse(file: &Path, text: &str, environment: Environment<'_>) -> Result<Persona, Problems> {
    parse_with(file, text, Some(environment))
}

/// Without an environment no token is looked up.
fn parse_with(file: &Path, text: &str, environment: Option<Environment<'_>>) -> Result<Persona, Problems> {
    let mut report = Report::new(file, Some(text));
    let persona = record::read(text, &mut report)
        .and_then(|manifest: raw::Manifest| validate::persona(manifest, file, environment, &mut report));
    let problems = report.into_problems();
    match persona {
        Some(persona) if problems.0.is_empty() => Ok(persona),
        _ => Err(problems),
    }
}

/// The manifests of a folder, by name.
fn manifests(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let is_manifest = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        !name.starts_with('.') && (name.ends_with(".yaml") || name.ends_with(".yml")) && !path.is_dir()
    };
    let entries = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    let mut files: Vec<PathBuf> = entries.into_iter().filter(is_manifest).collect();
    files.sort();
    Ok(files)
}

/// The text of a file that somebody wrote.
pub(super) fn read(file: &Path) -> Result<String, Problems> {
    let problem = |message: String| Problems(vec![Problem::of_file(file, "", message)]);
    let size = std::fs::metadata(file).map_err(|error| problem(format!("can't be read: {error}")))?.len();
    if size > MOST_BYTES {
        return Err(problem(format!("has {size} bytes, which nobody writes by hand; at most {MOST_BYTES} are read")));
    }
    let bytes = std::fs::read(file).map_err(|error| problem(format!("can't be read: {error}")))?;
    String::from_utf8(bytes).map_err(|_| problem("is not UTF-8 text; save it in that encoding".to_owned()))
}

/// Personas with one name, or with tokens of one bot: each is told once, by the later file.
fn clashes(personas: &[Persona]) -> Vec<Problem> {
    let mut names: HashMap<&str, &Path> = HashMap::new();
    let mut bots: HashMap<&str, &Path> = HashMap::new();
    let mut problems = Vec::new();
    for persona in personas {
        if let Some(first) = names.insert(persona.name.as_str(), &persona.source) {
            let message =
                format!("`{}` is the name of {} too; each persona needs its own", persona.name, first.display());
            problems.push(Problem::of_file(&persona.source, "name", message));
        }
        let bot = persona.token.as_ref().map(token::bot_id);
        if let Some(first) = bot.and_then(|bot| bots.insert(bot, &persona.source)) {
            let message =
                format!("is for the same bot as that of {}; each persona needs a bot of its own", first.display());
            problems.push(Problem::of_file(&persona.source, "token", message));
        }
    }
    problems
}

#[cfg(test)]
mod tests;
