//! What a settings file may hold, as data: from the declarations that it is read by come a JSON Schema for editors and a
//! reference for people. Whatever is read is taken by the schema; what it can't know, such as which files exist, it lets pass.

#[cfg(test)]
pub(super) mod oracle;
mod reference;

use serde_json::{Map, Value as Json, json};

pub(super) use self::reference::prose;
use super::record::{Field, FromNode, Record};

/// What a file, or a part of it, may hold.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// A mapping with these keys and no others.
    Record(Vec<Key>),
    /// A mapping whose keys somebody else knows.
    Entries,
    /// Several of a kind.
    List(Box<Shape>),
    /// A text, a number, true or false.
    Scalar(Scalar),
    /// Any of these.
    Either(Vec<Shape>),
}

/// A key of a mapping.
#[derive(Clone, Debug)]
pub(super) struct Key {
    name: &'static str,
    /// What it is for; Markdown.
    about: String,
    pub(super) required: bool,
    default: Option<Json>,
    shape: Shape,
}

/// A value that holds no others.
#[derive(Clone, Debug)]
pub(super) struct Scalar {
    /// What is expected, in words.
    expected: String,
    keywords: Map<String, Json>,
}

/// A kind of file.
#[derive(Debug)]
pub struct Schema {
    title: &'static str,
    keys: Vec<Key>,
}

impl Schema {
    /// Of a file that is read as `T`.
    pub(super) fn of<T: Record>(title: &'static str) -> Self {
        Self { title, keys: T::keys() }
    }

    /// As a JSON Schema, draft 2020-12.
    pub fn json(&self) -> Json {
        let mut schema = record(&self.keys);
        schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        schema.insert("title".to_owned(), json!(self.title));
        let mut schema = Json::Object(schema);
        unwrap_types(&mut schema);
        schema
    }

    /// Every key with what it takes, its default and what it is for, in Markdown.
    pub fn reference(&self) -> String {
        reference::of(&self.keys)
    }
}

impl Key {
    /// A key that is read as `T`.
    pub(super) fn of<T: Field>(name: &'static str, about: &str) -> Self {
        Self { name, about: prose(about), required: T::is_required(), default: T::absent(), shape: T::shape() }
    }

    /// A key that is read as `T`, and means something where it is absent.
    pub(super) fn with_default<T: FromNode>(name: &'static str, about: &str, default: Json) -> Self {
        Self { name, about: prose(about), required: false, default: Some(default), shape: T::shape() }
    }

    /// A key that must be there.
    pub(super) fn required(name: &'static str, about: &str, shape: Shape) -> Self {
        Self { name, about: prose(about), required: true, default: None, shape }
    }

    /// A key that holds nothing is as if it weren't there, wherever it needn't be.
    fn json(&self) -> Json {
        let mut schema = self.shape.json();
        if !self.required {
            allow_null(&mut schema);
        }
        if !self.about.is_empty() {
            schema.insert("description".to_owned(), json!(self.about));
        }
        schema.extend(self.default.clone().map(|default| ("default".to_owned(), default)));
        Json::Object(schema)
    }
}

impl Shape {
    /// One of these words. YAML takes some for numbers.
    pub(super) fn words(words: &[&str]) -> Self {
        let numbers = words.iter().filter_map(|word| word.parse::<i64>().ok()).map(Json::from);
        let values: Vec<Json> = words.iter().map(|word| json!(word)).chain(numbers).collect();
        let quoted: Vec<String> = words.iter().map(|word| reference::code(&json!(word))).collect();
        let expected = match quoted.as_slice() {
            [others @ .., last] if !others.is_empty() => format!("{} or {last}", others.join(", ")),
            _ => quoted.concat(),
        };
        Self::Scalar(Scalar { expected, keywords: Map::from_iter([("enum".to_owned(), Json::Array(values))]) })
    }

    fn json(&self) -> Map<String, Json> {
        let schema = match self {
            Self::Record(keys) => return record(keys),
            Self::Scalar(scalar) => return scalar.keywords.clone(),
            Self::Entries => json!({ "type": ["object"] }),
            Self::List(item) => json!({ "type": ["array"], "items": item.json() }),
            Self::Either(shapes) => json!({ "anyOf": shapes.iter().map(Self::json).collect::<Vec<_>>() }),
        };
        let Json::Object(schema) = schema else { unreachable!("all of them are objects") };
        schema
    }
}

impl Scalar {
    fn new(types: &[&str], expected: impl Into<String>) -> Self {
        Self { expected: expected.into(), keywords: Map::from_iter([("type".to_owned(), json!(types))]) }
    }

    /// Any text. A number and a boolean are one, as they are written.
    pub(super) fn text(expected: impl Into<String>) -> Self {
        Self::new(&["string", "number", "boolean"], expected)
    }

    /// A text in which a regular expression finds something. Editors say what was expected instead of the expression.
    pub(super) fn matching(expected: impl Into<String>, pattern: &str) -> Self {
        Self::text(expected).pattern(pattern)
    }

    /// A whole number. One within quotation marks is read, too.
    pub(super) fn whole(expected: impl Into<String>) -> Self {
        Self::new(&["integer", "string"], expected).pattern("[0-9]")
    }

    /// A number. One within quotation marks is read, too.
    pub(super) fn real(expected: impl Into<String>) -> Self {
        Self::new(&["number", "string"], expected).pattern("[0-9]")
    }

    /// True or false. Other words for them are texts to an editor, whose YAML is of a later version.
    pub(super) fn truth() -> Self {
        let words = "[Tt][Rr][Uu][Ee]|[Yy]([Ee][Ss])?|[Oo][Nn]|[Ff][Aa][Ll][Ss][Ee]|[Nn][Oo]?|[Oo][Ff][Ff]";
        Self::new(&["boolean", "string"], "true or false").pattern(&format!("^({words})$"))
    }

    fn pattern(self, pattern: &str) -> Self {
        let message = format!("expected {}", self.expected);
        self.keyword("pattern", pattern).keyword("patternErrorMessage", message)
    }

    /// With one more keyword of JSON Schema.
    pub(super) fn keyword(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.keywords.insert(name.to_owned(), value.into());
        self
    }
}

fn record(keys: &[Key]) -> Map<String, Json> {
    let properties: Map<String, Json> = keys.iter().map(|key| (key.name.to_owned(), key.json())).collect();
    let mut schema = Map::from_iter([
        ("type".to_owned(), json!(["object"])),
        ("properties".to_owned(), Json::Object(properties)),
        ("additionalProperties".to_owned(), json!(false)),
    ]);
    let required: Vec<&str> = keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema
}

/// A type that is the only one needs no list.
fn unwrap_types(schema: &mut Json) {
    match schema {
        Json::Object(keywords) => {
            if let Some(kind) = keywords.get_mut("type")
                && let Some([only]) = kind.as_array().map(Vec::as_slice)
            {
                *kind = only.clone();
            }
            keywords.values_mut().for_each(unwrap_types);
        }
        Json::Array(items) => items.iter_mut().for_each(unwrap_types),
        _ => {}
    }
}

fn allow_null(schema: &mut Map<String, Json>) {
    for (keyword, null) in [("type", json!("null")), ("enum", Json::Null), ("anyOf", json!({ "type": ["null"] }))] {
        if let Some(Json::Array(allowed)) = schema.get_mut(keyword) {
            allowed.push(null);
        }
    }
}
