//! A raw manifest becomes a [`Persona`]; whatever is wrong with it is noted, and the checking goes on.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use maskarad_engine::Precision;
use serde_saphyr::Spanned;

use super::{generation, raw, sections, template, token};
use crate::chat::PersonaName;
use crate::config::environment::Environment;
use crate::config::persona::{ModelSpec, Persona, WhoMayToggle};
use crate::config::problem::Report;
use crate::config::record::Maybe;

/// The persona; meaningless when anything was noted. `None` where not even its name is one.
pub(super) fn persona(
    raw: raw::Manifest,
    file: &Path,
    environment: Option<Environment<'_>>,
    report: &mut Report<'_>,
) -> Option<Persona> {
    let name = name(raw.name.0.as_ref(), report);
    let template = template::template(raw.template.0, &raw.answer_length, report);
    let persona = Persona {
        display_name: display_name(raw.display_name, name.as_ref(), report),
        name: name.clone().unwrap_or_else(placeholder_name),
        source: file.to_owned(),
        token: environment.and_then(|environment| token::token(raw.token, environment, report)),
        updates: raw.updates.unwrap_or_default(),
        model: model(raw.model, file, report),
        generation: generation::generation(&raw.generation, report),
        triggers: sections::triggers(&raw.triggers, report),
        chat_defaults: sections::chat_defaults(&raw.chat_defaults, &raw.triggers.chance, report),
        who_may_toggle: raw.who_may_toggle.unwrap_or(WhoMayToggle::Admins),
        access: sections::access(raw.access, report),
        owner: sections::owner(&raw.owner, report),
        prompt: template::prompt(raw.prompt, &template, report),
        reply: template::reply(raw.reply, &template, report),
        filter: sections::filter(&raw.filter, report),
        template,
    };
    name.is_some().then_some(persona)
}

fn name(raw: Option<&Spanned<String>>, report: &mut Report<'_>) -> Option<PersonaName> {
    let raw = raw?;
    let name = PersonaName::parse(&raw.value);
    if name.is_none() {
        let expected = format!("is {:?}, expected 1 to 32 of a-z, 0-9, _ and -", raw.value);
        report.note("name", raw.referenced, expected);
    }
    name
}

/// Stands in for a name that was refused, so that the rest of the manifest is checked too.
fn placeholder_name() -> PersonaName {
    PersonaName::parse("unnamed").expect("the placeholder is a name")
}

fn display_name(raw: Maybe<String>, name: Option<&PersonaName>, report: &mut Report<'_>) -> String {
    let Some(spanned) = raw else { return name.map(PersonaName::to_string).unwrap_or_default() };
    let text = spanned.value.trim();
    if text.is_empty() || text.chars().count() > 64 {
        report.note("display_name", spanned.referenced, "expected a text of 1 to 64 characters");
    }
    text.to_owned()
}

fn model(raw: raw::Model, file: &Path, report: &mut Report<'_>) -> ModelSpec {
    let precision = match raw.precision {
        None => Precision::Int8,
        Some(spanned) => Precision::from_str(&spanned.value).unwrap_or_else(|_| {
            report.note("model.precision", spanned.referenced, format!("is {:?}, expected f32 or int8", spanned.value));
            Precision::Int8
        }),
    };
    let folder = file.parent().unwrap_or(Path::new(""));
    let adapter = raw.adapter.map(|adapter| {
        if adapter.value.trim().is_empty() {
            report.note("model.adapter", adapter.referenced, "is empty, expected an adapter's folder");
        }
        folder.join(adapter.value)
    });
    let Some(path) = raw.path.0 else { return ModelSpec { path: PathBuf::new(), adapter, precision } };
    if path.value.trim().is_empty() {
        report.note("model.path", path.referenced, "is empty, expected a checkpoint folder");
    }
    ModelSpec { path: folder.join(path.value), adapter, precision }
}
