//! Texts of settings files that must be something in particular, which the schema tells as far as it can.

use std::marker::PhantomData;
use std::ops::Deref;

use super::record::{FromNode, Reader};
use super::schema::{Scalar, Shape};
use super::tree::Node;

/// What a text must be.
pub(super) trait Rule {
    /// What is expected, in words.
    fn expected() -> String;

    /// A regular expression that finds something in every text that passes. It may find something in others, too.
    fn pattern() -> String;

    /// # Errors
    /// What to tell of a text that doesn't pass.
    fn check(text: &str) -> Result<(), String>;
}

/// A text that passes.
#[derive(Clone, Debug)]
pub(super) struct Text<R>(String, PhantomData<R>);

/// A text that somebody checks later, or never where nobody needs it.
#[derive(Clone, Debug)]
pub(super) struct Unchecked<R>(pub(super) String, PhantomData<R>);

/// Any text but an empty one.
#[derive(Clone, Debug)]
pub(super) struct Filled;

impl<R> Text<R> {
    pub(super) fn into_string(self) -> String {
        self.0
    }
}

impl<R> Deref for Text<R> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<R: Rule> FromNode for Text<R> {
    fn from_node(node: &Node, reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let text = String::from_node(node, reader)?;
        match R::check(&text) {
            Ok(()) => Some(Self(text, PhantomData)),
            Err(problem) => {
                reader.note(node, problem);
                None
            }
        }
    }

    fn shape() -> Shape {
        Shape::Scalar(Scalar::matching(R::expected(), &R::pattern()))
    }
}

impl<R: Rule> FromNode for Unchecked<R> {
    fn from_node(node: &Node, reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        String::from_node(node, reader).map(|text| Self(text, PhantomData))
    }

    fn shape() -> Shape {
        Text::<R>::shape()
    }
}

impl Rule for Filled {
    fn expected() -> String {
        "a text that isn't empty".to_owned()
    }

    fn pattern() -> String {
        r"[\s\S]".to_owned()
    }

    fn check(text: &str) -> Result<(), String> {
        if text.is_empty() { Err("is empty, expected a text".to_owned()) } else { Ok(()) }
    }
}
