//! Numbers of settings files within their ranges, which the schema tells, too.

use std::marker::PhantomData;
use std::ops::{Bound, RangeBounds};

use super::record::{FromNode, Reader};
use super::schema::{Scalar, Shape};
use super::tree::Node;

/// A whole number from `LEAST` to `MOST`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whole<const LEAST: i64, const MOST: i64>(i64);

impl<const LEAST: i64, const MOST: i64> Whole<LEAST, MOST> {
    /// The number as a type that holds the whole range.
    pub(super) fn get<T: TryFrom<i64>>(self) -> T {
        T::try_from(self.0).ok().expect("the type is chosen for the range")
    }

    fn expected() -> String {
        format!("a whole number from {LEAST} to {MOST}")
    }
}

impl<const LEAST: i64, const MOST: i64> FromNode for Whole<LEAST, MOST> {
    fn from_node(node: &Node, reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let number = i64::from_node(node, reader)?;
        if (LEAST..=MOST).contains(&number) {
            return Some(Self(number));
        }
        reader.note(node, format!("is {number}, expected {}", Self::expected()));
        None
    }

    fn shape() -> Shape {
        let scalar = Scalar::whole(Self::expected());
        Shape::Scalar(scalar.keyword("minimum", LEAST).keyword("maximum", MOST))
    }
}

/// What a number must lie within.
pub(super) trait Range {
    /// Its ends.
    const ENDS: (Bound<f64>, Bound<f64>);
    /// The same in words.
    const EXPECTED: &'static str;
}

/// A number within a range.
#[derive(Clone, Copy, Debug)]
pub(super) struct Real<R>(f64, PhantomData<R>);

impl<R: Range> Real<R> {
    pub(super) fn get(self) -> f64 {
        self.0
    }
}

impl<R: Range> FromNode for Real<R> {
    fn from_node(node: &Node, reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let number = f64::from_node(node, reader)?;
        if R::ENDS.contains(&number) {
            return Some(Self(number, PhantomData));
        }
        reader.note(node, format!("is {number}, expected {}", R::EXPECTED));
        None
    }

    fn shape() -> Shape {
        let scalar = Scalar::real(R::EXPECTED);
        let scalar = match R::ENDS.0 {
            Bound::Included(least) => scalar.keyword("minimum", least),
            Bound::Excluded(below) => scalar.keyword("exclusiveMinimum", below),
            Bound::Unbounded => scalar,
        };
        Shape::Scalar(match R::ENDS.1 {
            Bound::Included(most) => scalar.keyword("maximum", most),
            Bound::Excluded(above) => scalar.keyword("exclusiveMaximum", above),
            Bound::Unbounded => scalar,
        })
    }
}
