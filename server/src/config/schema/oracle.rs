//! A validator that isn't ours, and files as editors see them: tests ask it what a schema says of them.

use jsonschema::Validator;
use serde_json::Value as Json;
use serde_saphyr::options::NonFiniteFloatPolicy;

use super::Schema;

/// The schema, which is sound by draft 2020-12.
pub(in crate::config) fn validator(schema: &Schema) -> Validator {
    jsonschema::draft202012::new(&schema.json()).unwrap()
}

/// What the schema refuses in a file: nothing, where the file is none that JSON can tell of.
pub(in crate::config) fn refusals(validator: &Validator, text: &str) -> Vec<String> {
    let Some(file) = as_editors_see_it(text) else { return Vec::new() };
    validator.iter_errors(&file).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// By YAML 1.2, in which `yes` is a text. JSON has no infinite numbers.
fn as_editors_see_it(text: &str) -> Option<Json> {
    let lower = text.to_lowercase();
    if lower.contains(".inf") || lower.contains(".nan") {
        return None;
    }
    let options = serde_saphyr::options! {
        strict_booleans: true,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
    };
    serde_saphyr::from_str_with_options(text, options).ok()
}
