//! Options structs of the trainer, read from a mapping of a settings file by their own serde names.
//!
//! Each entry is tried alone first, so that everything that is wrong is told with its place; what only the whole can tell,
//! such as a missing key, is told at the mapping. Knows no key itself.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use serde_saphyr::{Location, Spanned};

use super::problem::Report;
use super::record::{FromNode, Reader};
use super::schema::Shape;
use super::tree::{Node, Tree, Value};

/// A mapping whose keys somebody else knows.
#[derive(Debug, Default)]
pub(super) struct Entries {
    /// None where the mapping isn't in the file.
    place: Option<Location>,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    key: String,
    place: Location,
    value: Answer,
}

/// A value, or the entries of a mapping.
#[derive(Debug)]
enum Answer {
    Value(Json),
    Entries(Vec<Entry>),
}

impl Entries {
    /// Takes an entry out, whatever it holds.
    pub(super) fn take(&mut self, key: &str) -> Option<Spanned<Json>> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        let entry = self.entries.remove(at);
        Some(Spanned::new(entry.value.json(), entry.place, entry.place))
    }

    /// Reads `from: value` as `to: { within: value }`.
    pub(super) fn wrap(&mut self, from: &str, to: &str, within: &str) {
        for entry in self.entries.iter_mut().filter(|entry| entry.key == from) {
            let value = std::mem::replace(&mut entry.value, Answer::Value(Json::Null));
            entry.value = Answer::Entries(vec![Entry { key: within.to_owned(), place: entry.place, value }]);
            to.clone_into(&mut entry.key);
        }
    }

    /// Where an entry stands, by its dotted key; where there is none, where the mapping does.
    pub(super) fn place_of(&self, key: &str) -> Location {
        let (mut entries, mut place) = (&self.entries, self.place.unwrap_or(Location::UNKNOWN));
        for name in key.split('.') {
            let Some(entry) = entries.iter().find(|entry| entry.key == name) else { break };
            place = entry.place;
            let Answer::Entries(inner) = &entry.value else { break };
            entries = inner;
        }
        place
    }

    /// Reads the whole; `None` where something was noted. `section` is the mapping's own key.
    pub(super) fn read<T: DeserializeOwned>(&self, section: &str, report: &mut Report<'_>) -> Option<T> {
        let before = report.problems.len();
        self::try_each::<T>(&self.entries, &mut Vec::new(), section, report);
        if report.problems.len() > before {
            return None;
        }
        match serde_json::from_value(json(&self.entries)) {
            Ok(value) => Some(value),
            Err(error) => {
                report.note(section, self.place.unwrap_or(Location::UNKNOWN), error);
                None
            }
        }
    }
}

/// Tries every value of a mapping as the only one there is, within the mappings of `above`.
fn try_each<T: DeserializeOwned>(entries: &[Entry], above: &mut Vec<String>, section: &str, report: &mut Report<'_>) {
    for entry in entries {
        above.push(entry.key.clone());
        match &entry.value {
            Answer::Entries(inner) if !inner.is_empty() => try_each::<T>(inner, above, section, report),
            value => {
                let alone = above
                    .iter()
                    .rev()
                    .fold(value.json(), |value, key| Json::Object(Map::from_iter([(key.clone(), value)])));
                if let Err(error) = serde_json::from_value::<T>(alone)
                    // Missing are those which stand beside it.
                    && !error.to_string().starts_with("missing field")
                {
                    report.note(&format!("{section}.{}", above.join(".")), entry.place, error);
                }
            }
        }
        above.pop();
    }
}

impl Answer {
    fn json(&self) -> Json {
        match self {
            Self::Value(value) => value.clone(),
            Self::Entries(entries) => json(entries),
        }
    }
}

fn json(entries: &[Entry]) -> Json {
    Json::Object(entries.iter().map(|entry| (entry.key.clone(), entry.value.json())).collect())
}

impl FromNode for Entries {
    fn from_node(node: &Node, reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let Value::Mapping(entries) = &node.value else {
            reader.note(node, "expected a mapping, such as { key: value }");
            return None;
        };
        Some(Self { place: Some(node.referenced), entries: read_entries(entries, reader.tree) })
    }

    fn shape() -> Shape {
        Shape::Entries
    }
}

/// What holds nothing is as if it weren't there.
fn read_entries(entries: &[(Spanned<String>, Node)], tree: &Tree<'_>) -> Vec<Entry> {
    let filled = entries.iter().filter(|(_, node)| !matches!(node.value, Value::Null));
    let read = |(key, node): &(Spanned<String>, Node)| {
        let value = match &node.value {
            Value::Mapping(inner) => Answer::Entries(read_entries(inner, tree)),
            _ => Answer::Value(plain(node, tree)),
        };
        Entry { key: key.value.clone(), place: key.referenced, value }
    };
    filled.map(read).collect()
}

fn plain(node: &Node, tree: &Tree<'_>) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Text(text) => Json::String(text.clone()),
        Value::Plain => scalar(tree.scalar(node).unwrap_or_default()),
        Value::List(nodes) => nodes.iter().map(|node| plain(node, tree)).collect(),
        Value::Mapping(entries) => json(&read_entries(entries, tree)),
    }
}

/// What YAML takes for a number or a boolean.
fn scalar(text: &str) -> Json {
    let whole = || serde_saphyr::from_str::<i64>(text).ok().map(Json::from);
    let real = || serde_saphyr::from_str::<f64>(text).ok().and_then(serde_json::Number::from_f64).map(Json::Number);
    let truth = || serde_saphyr::from_str::<bool>(text).ok().map(Json::Bool);
    whole().or_else(real).or_else(truth).unwrap_or_else(|| Json::String(text.to_owned()))
}
