//! Who is let in: `everyone`, `nobody`, or a list of ids.

use crate::chat::{ChatId, UserId};
use crate::config::persona::{GroupAccess, PrivateAccess};
use crate::config::record::{FromNode, Reader};
use crate::config::schema::{Scalar, Shape};
use crate::config::tree::{Node, Value};

/// A word, or a list of ids.
enum WordOrIds {
    Word(String),
    Ids(Vec<i64>),
}

impl FromNode for PrivateAccess {
    fn from_node(node: &Node, reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        match word_or_ids(node, reader)? {
            WordOrIds::Word(word) if word == "everyone" => Some(Self::Everyone),
            WordOrIds::Word(word) if word == "nobody" => Some(Self::Nobody),
            WordOrIds::Word(word) => {
                reader.note(node, format!("is {word:?}, expected everyone, nobody or a list of people's ids"));
                None
            }
            WordOrIds::Ids(ids) => {
                for id in ids.iter().filter(|id| !is_person(**id)) {
                    reader.note(node, no_person(*id));
                }
                Some(Self::Only(ids.into_iter().map(UserId).collect()))
            }
        }
    }

    fn shape() -> Shape {
        Shape::Either(vec![Shape::words(&["everyone", "nobody"]), Shape::List(Box::new(UserId::shape()))])
    }
}

impl FromNode for GroupAccess {
    fn from_node(node: &Node, reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        match word_or_ids(node, reader)? {
            WordOrIds::Word(word) if word == "everyone" => Some(Self::Everyone),
            WordOrIds::Word(word) => {
                let expected = "expected everyone or a list of groups' ids ([] for no group at all)";
                reader.note(node, format!("is {word:?}, {expected}"));
                None
            }
            WordOrIds::Ids(ids) => {
                for id in ids.iter().filter(|id| **id >= 0) {
                    reader.note(node, format!("{id} is no group's id; those are negative"));
                }
                Some(Self::Only(ids.into_iter().map(ChatId).collect()))
            }
        }
    }

    fn shape() -> Shape {
        let id = Scalar::whole("a group's id, a negative number").keyword("exclusiveMaximum", 0);
        Shape::Either(vec![Shape::words(&["everyone"]), Shape::List(Box::new(Shape::Scalar(id)))])
    }
}

impl FromNode for UserId {
    fn from_node(node: &Node, reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let id = i64::from_node(node, reader)?;
        if !is_person(id) {
            reader.note(node, no_person(id));
        }
        Some(Self(id))
    }

    fn shape() -> Shape {
        Shape::Scalar(Scalar::whole("a person's id, a positive number").keyword("exclusiveMinimum", 0))
    }
}

fn is_person(id: i64) -> bool {
    id > 0
}

fn no_person(id: i64) -> String {
    format!("{id} is no person's id; those are positive")
}

fn word_or_ids(node: &Node, reader: &mut Reader<'_, '_, '_>) -> Option<WordOrIds> {
    if let Value::List(_) = node.value {
        return Vec::from_node(node, reader).map(WordOrIds::Ids);
    }
    let word = reader.tree.scalar(node).map(|word| WordOrIds::Word(word.to_owned()));
    if word.is_none() {
        reader.note(node, "expected `everyone`, `nobody` or a list of ids");
    }
    word
}
