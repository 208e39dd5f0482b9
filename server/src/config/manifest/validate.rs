//! A raw manifest becomes a [`Persona`]; whatever is wrong with it is noted, and the checking goes on.

use std::path::{Path, PathBuf};

use super::{raw, sections, template, token};
use crate::chat::PersonaName;
use crate::config::environment::Environment;
use crate::config::persona::{ModelSpec, Persona};
use crate::config::problem::Report;
use crate::config::record::{FromNode, Reader};
use crate::config::schema::{Scalar, Shape};
use crate::config::texts::{Rule, Text};
use crate::config::tree::Node;

/// Characters of a display name, at most.
const LONGEST_DISPLAY_NAME: usize = 64;

/// A name as people see it; white space around it is cut off.
#[derive(Clone, Debug)]
pub(super) struct DisplayName;

/// Where a checkpoint is.
#[derive(Clone, Debug)]
pub(super) struct CheckpointFolder;

/// Where an adapter is.
#[derive(Clone, Debug)]
pub(super) struct AdapterFolder;

/// The persona; meaningless when anything was noted. `None` where not even its name is one.
pub(super) fn persona(
    raw: raw::Manifest,
    file: &Path,
    environment: Option<Environment<'_>>,
    report: &mut Report<'_>,
) -> Option<Persona> {
    let name = raw.name.0.map(|name| name.value);
    let template = template::template(raw.template.0, &raw.answer_length, report);
    let persona = Persona {
        display_name: display_name(raw.display_name, name.as_ref()),
        name: name.clone().unwrap_or_else(placeholder_name),
        source: file.to_owned(),
        token: environment.and_then(|environment| token::token(raw.token, environment, report)),
        updates: raw.updates,
        model: model(raw.model, file),
        generation: sections::generation(raw.generation),
        chat_defaults: sections::chat_defaults(&raw.chat_defaults, &raw.triggers),
        triggers: sections::triggers(&raw.triggers),
        who_may_toggle: raw.who_may_toggle,
        access: sections::access(raw.access),
        owner: raw.owner,
        prompt: template::prompt(raw.prompt, &template, report),
        reply: template::reply(raw.reply, &template),
        filter: sections::filter(&raw.filter),
        template,
    };
    name.is_some().then_some(persona)
}

/// Stands in for a name that was refused, so that the rest of the manifest is checked too.
fn placeholder_name() -> PersonaName {
    PersonaName::parse("unnamed").expect("the placeholder is a name")
}

fn display_name(raw: Option<Text<DisplayName>>, name: Option<&PersonaName>) -> String {
    match raw {
        Some(text) => text.trim().to_owned(),
        None => name.map(PersonaName::to_string).unwrap_or_default(),
    }
}

fn model(raw: raw::Model, file: &Path) -> ModelSpec {
    let folder = file.parent().unwrap_or(Path::new(""));
    let path = raw.path.0.map_or_else(PathBuf::new, |path| folder.join(&*path.value));
    ModelSpec { path, adapter: raw.adapter.map(|adapter| folder.join(&*adapter)), precision: raw.precision }
}

impl FromNode for PersonaName {
    fn from_node(node: &Node, reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let text = String::from_node(node, reader)?;
        let name = Self::parse(&text);
        if name.is_none() {
            reader.note(node, format!("is {text:?}, expected 1 to {} of a-z, 0-9, _ and -", Self::LONGEST));
        }
        name
    }

    fn shape() -> Shape {
        let expected = format!("1 to {} of a-z, 0-9, _ and -", Self::LONGEST);
        Shape::Scalar(Scalar::matching(expected, &format!("^[a-z0-9_-]{{1,{}}}$", Self::LONGEST)))
    }
}

impl Rule for DisplayName {
    fn expected() -> String {
        format!("a text of 1 to {LONGEST_DISPLAY_NAME} characters")
    }

    fn pattern() -> String {
        format!(r"^\s*\S([\s\S]{{0,{}}}\S)?\s*$", LONGEST_DISPLAY_NAME - 2)
    }

    fn check(text: &str) -> Result<(), String> {
        let fits = (1..=LONGEST_DISPLAY_NAME).contains(&text.trim().chars().count());
        if fits { Ok(()) } else { Err(format!("expected {}", Self::expected())) }
    }
}

impl Rule for CheckpointFolder {
    fn expected() -> String {
        "a checkpoint folder".to_owned()
    }

    fn pattern() -> String {
        r"\S".to_owned()
    }

    fn check(text: &str) -> Result<(), String> {
        not_blank(text, &Self::expected())
    }
}

impl Rule for AdapterFolder {
    fn expected() -> String {
        "an adapter's folder".to_owned()
    }

    fn pattern() -> String {
        r"\S".to_owned()
    }

    fn check(text: &str) -> Result<(), String> {
        not_blank(text, &Self::expected())
    }
}

fn not_blank(text: &str, expected: &str) -> Result<(), String> {
    if text.trim().is_empty() { Err(format!("is empty, expected {expected}")) } else { Ok(()) }
}
