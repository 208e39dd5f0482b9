//! A YAML file as a tree of nodes with their places, whatever its shape. Knows no key: what the nodes should be is for
//! [`super::record`] to say.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::NonFiniteFloatPolicy;
use serde_saphyr::{Location, Spanned};

/// A value and where it stands.
pub(super) type Node = Spanned<Value>;

/// What stands somewhere in the file.
#[derive(Debug)]
pub(super) enum Value {
    /// Nothing.
    Null,
    /// A text.
    Text(String),
    /// Something that YAML takes for a number or a boolean. Its text is in the file.
    Plain,
    /// Several values.
    List(Vec<Node>),
    /// Values with names. No two are the same.
    Mapping(Vec<(Spanned<String>, Node)>),
}

/// A file's text and what is in it.
pub(super) struct Tree<'a> {
    text: &'a str,
    pub(super) root: Node,
}

impl<'a> Tree<'a> {
    /// Parses a text; the first error of syntax ends it.
    pub(super) fn parse(text: &'a str) -> Result<Self, serde_saphyr::Error> {
        let options = serde_saphyr::options! { non_finite_float_policy: NonFiniteFloatPolicy::PassThrough };
        Ok(Self { text, root: serde_saphyr::from_str_with_options(text, options)? })
    }

    /// A file with nothing in it.
    pub(super) fn empty() -> Self {
        Self { text: "", root: Spanned::new(Value::Null, Location::UNKNOWN, Location::UNKNOWN) }
    }

    /// A text, or a number or boolean as it is written; `None` for anything else.
    pub(super) fn scalar<'s>(&'s self, node: &'s Node) -> Option<&'s str> {
        match &node.value {
            Value::Text(text) => Some(text),
            Value::Plain => self.written(node.defined),
            Value::Null | Value::List(_) | Value::Mapping(_) => None,
        }
    }

    fn written(&self, place: Location) -> Option<&'a str> {
        let start = usize::try_from(place.span().byte_offset()?).ok()?;
        let length = usize::try_from(place.span().byte_len()?).ok()?;
        self.text.get(start..start.checked_add(length)?).map(str::trim)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
        Ok(Value::Plain)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Plain)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Value, E> {
        Ok(Value::Plain)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Plain)
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = sequence.next_element()? {
            nodes.push(node);
        }
        Ok(Value::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut mapping: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = mapping.next_entry()? {
            entries.push(entry);
        }
        Ok(Value::Mapping(entries))
    }
}
