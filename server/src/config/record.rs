//! Records of settings, read from a [`Tree`]. What is unknown or of the wrong type is noted, and the reading goes on as if
//! it weren't there: so one run tells everything that is wrong. Whatever can be read tells its [`Shape`], too, so that what is
//! documented and what is read are one. Knows no limits of values.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use serde_saphyr::{Location, Spanned};

use super::problem::Report;
use super::schema::{Key, Scalar, Shape};
use super::tree::{Node, Tree, Value};

/// A value with its place in the file, or nothing.
pub(super) type Maybe<T> = Option<Spanned<T>>;

/// What must be there: `None` only where a problem was noted.
#[derive(Debug)]
pub(super) struct Required<T>(pub(super) Maybe<T>);

/// Reads a tree.
pub(super) struct Reader<'t, 'r, 'f> {
    pub(super) tree: &'t Tree<'t>,
    pub(super) report: &'r mut Report<'f>,
    /// The key that is read now, dotted.
    key: String,
}

/// Something that a value can be read as.
pub(super) trait FromNode: Sized {
    /// `None` where it was noted.
    fn from_node(node: &Node, reader: &mut Reader<'_, '_, '_>) -> Option<Self>;

    /// What it takes.
    fn shape() -> Shape;
}

/// Something that a key of a record can hold, or that stands for its absence.
pub(super) trait Field: Sized {
    /// `node` is `None` where the key isn't there or holds nothing; `record` is where its record stands.
    fn field(node: Option<&Node>, record: Location, reader: &mut Reader<'_, '_, '_>) -> Self;

    /// What it takes.
    fn shape() -> Shape;

    /// Whether something must stand there.
    fn is_required() -> bool {
        false
    }

    /// What absence means, where that can be written.
    fn absent() -> Option<Json> {
        None
    }
}

/// A struct that a mapping is read as: all its keys are known.
pub(super) trait Record: Sized {
    /// Its keys.
    const KEYS: &'static [&'static str];

    /// Reads each key.
    fn read(mapping: &Mapping<'_>, reader: &mut Reader<'_, '_, '_>) -> Self;

    /// What each key takes.
    fn keys() -> Vec<Key>;
}

/// The entries of a mapping.
pub(super) struct Mapping<'t> {
    entries: &'t [(Spanned<String>, Node)],
    place: Location,
}

/// Reads a whole file; an empty one is an empty record. `None` where it was noted that there is nothing to go on with.
pub(super) fn read<T: Record>(text: &str, report: &mut Report<'_>) -> Option<T> {
    let tree = match Tree::parse(text) {
        Ok(tree) => tree,
        Err(error) => {
            report.note_yaml(&error);
            return None;
        }
    };
    let root = (!matches!(tree.root.value, Value::Null)).then_some(&tree.root);
    let mut reader = Reader { tree: &tree, report, key: String::new() };
    Some(or_empty(root, tree.root.referenced, &mut reader))
}

/// Reads a mapping, and notes each key that the record hasn't.
pub(super) fn record<T: Record>(node: &Node, reader: &mut Reader<'_, '_, '_>) -> Option<T> {
    let Value::Mapping(entries) = &node.value else {
        reader.note(node, "expected a mapping, such as { key: value }");
        return None;
    };
    for (key, _) in entries.iter().filter(|(key, _)| !T::KEYS.contains(&key.value.as_str())) {
        let message = format!("unknown key, expected one of {}", T::KEYS.join(", "));
        reader.within(&key.value, |reader| reader.report.note(&reader.key, key.referenced, message));
    }
    Some(T::read(&Mapping { entries, place: node.referenced }, reader))
}

/// As [`record`]; an absent mapping is an empty one. For [`records`](super::declare::records).
pub(super) fn or_empty<T: Record>(node: Option<&Node>, place: Location, reader: &mut Reader<'_, '_, '_>) -> T {
    match node {
        Some(node) => record(node, reader).unwrap_or_else(nothing),
        None => T::read(&Mapping { entries: &[], place }, reader),
    }
}

/// A record of which nothing could be read: that was noted, and what is missing of it needn't be, too.
pub(super) fn nothing<T: Record>() -> T {
    aside(|reader| T::read(&Mapping { entries: &[], place: Location::UNKNOWN }, reader))
}

/// Reads something that stands in no file; nobody hears what is wrong with it.
fn aside<T>(read: impl FnOnce(&mut Reader<'_, '_, '_>) -> T) -> T {
    let (tree, mut report) = (Tree::empty(), Report::new(Path::new(""), None));
    read(&mut Reader { tree: &tree, report: &mut report, key: String::new() })
}

impl Reader<'_, '_, '_> {
    /// Notes a problem of the key that is read.
    pub(super) fn note(&mut self, node: &Node, message: impl std::fmt::Display) {
        self.report.note(&self.key, node.referenced, message);
    }

    /// Reads something under a key of what is read now.
    pub(super) fn within<T>(&mut self, key: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.key.len();
        let separator = if length == 0 { "" } else { "." };
        self.key += &format!("{separator}{key}");
        let value = read(self);
        self.key.truncate(length);
        value
    }

    /// A scalar of a type that the YAML reader knows.
    fn scalar<T: DeserializeOwned>(&mut self, node: &Node, expected: &str) -> Option<T> {
        let value = self.tree.scalar(node).and_then(|text| serde_saphyr::from_str(text).ok());
        if value.is_none() {
            self.note(node, format!("expected {expected}"));
        }
        value
    }
}

impl Mapping<'_> {
    /// What stands under a key.
    pub(super) fn field<T: Field>(&self, key: &str, reader: &mut Reader<'_, '_, '_>) -> T {
        let node = self.entries.iter().find(|(name, _)| name.value == key).map(|(_, node)| node);
        let node = node.filter(|node| !matches!(node.value, Value::Null));
        reader.within(key, |reader| T::field(node, self.place, reader))
    }

    /// What stands under a key, or else its default, which goes the road of what is written.
    pub(super) fn field_or<T: FromNode>(
        &self,
        key: &str,
        default: impl Fn() -> Json,
        reader: &mut Reader<'_, '_, '_>,
    ) -> T {
        self.field::<Option<T>>(key, reader).unwrap_or_else(|| {
            let text = match default() {
                Json::String(text) => text,
                number_or_truth => number_or_truth.to_string(),
            };
            let node = Spanned::new(Value::Text(text), Location::UNKNOWN, Location::UNKNOWN);
            aside(|reader| T::from_node(&node, reader)).expect("a key takes its own default")
        })
    }
}

impl<T: FromNode> Field for Option<T> {
    fn field(node: Option<&Node>, _: Location, reader: &mut Reader<'_, '_, '_>) -> Self {
        T::from_node(node?, reader)
    }

    fn shape() -> Shape {
        T::shape()
    }
}

impl<T: FromNode> Field for Required<T> {
    fn field(node: Option<&Node>, record: Location, reader: &mut Reader<'_, '_, '_>) -> Self {
        if node.is_none() {
            reader.report.note(&reader.key, record, "is missing");
        }
        Self(Field::field(node, record, reader))
    }

    fn shape() -> Shape {
        T::shape()
    }

    fn is_required() -> bool {
        true
    }
}

impl<T: FromNode> Field for Vec<T> {
    fn field(node: Option<&Node>, _: Location, reader: &mut Reader<'_, '_, '_>) -> Self {
        node.and_then(|node| Self::from_node(node, reader)).unwrap_or_default()
    }

    fn shape() -> Shape {
        <Self as FromNode>::shape()
    }

    fn absent() -> Option<Json> {
        Some(Json::Array(Vec::new()))
    }
}

impl<T: FromNode> FromNode for Spanned<T> {
    fn from_node(node: &Node, reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        T::from_node(node, reader).map(|value| Self::new(value, node.referenced, node.defined))
    }

    fn shape() -> Shape {
        T::shape()
    }
}

impl<T: FromNode> FromNode for Vec<T> {
    fn from_node(node: &Node, reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let Value::List(nodes) = &node.value else {
            reader.note(node, "expected a list, such as [a, b]");
            return None;
        };
        Some(nodes.iter().filter_map(|node| T::from_node(node, reader)).collect())
    }

    fn shape() -> Shape {
        Shape::List(Box::new(T::shape()))
    }
}

impl FromNode for String {
    fn from_node(node: &Node, reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let text = reader.tree.scalar(node).map(str::to_owned);
        if text.is_none() {
            reader.note(node, "expected a text");
        }
        text
    }

    fn shape() -> Shape {
        Shape::Scalar(Scalar::text("a text"))
    }
}

impl FromNode for bool {
    fn from_node(node: &Node, reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        reader.scalar(node, "true or false")
    }

    fn shape() -> Shape {
        Shape::Scalar(Scalar::truth())
    }
}

impl FromNode for i64 {
    fn from_node(node: &Node, reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        reader.scalar(node, "a whole number")
    }

    fn shape() -> Shape {
        Shape::Scalar(Scalar::whole("a whole number"))
    }
}

impl FromNode for f64 {
    fn from_node(node: &Node, reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        reader.scalar(node, "a number")
    }

    fn shape() -> Shape {
        Shape::Scalar(Scalar::real("a number"))
    }
}
