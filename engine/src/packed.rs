//! The weights of a GPT-2 as the kernels read them: one region of memory and where in it each matrix and vector lies.
//! Knows no checkpoint and no model; the layout within a matrix is the business of `kernels/tiles.rs`.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::kernels::tiles::{self, TILE};
use crate::key::Precision;
use crate::region::{ALIGNMENT, Bytes, Floats, Region};

/// What a section holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Tiles of 16 outputs; the last is filled up with zeros.
    Matrix { precision: Precision, outputs: usize, inputs: usize },
    /// Rows of f32, each filled up with zeros to a multiple of 16 values.
    Vectors { rows: usize, width: usize },
}

impl Kind {
    /// Bytes of such a section.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::Matrix { precision, outputs, inputs } => outputs.div_ceil(TILE) * tile_bytes(precision, inputs),
            Self::Vectors { rows, width } => rows * padded(width) * size_of::<f32>(),
        }
    }
}

/// Bytes of a tile of 16 outputs.
pub(crate) fn tile_bytes(precision: Precision, inputs: usize) -> usize {
    match precision {
        Precision::F32 => tiles::f32_tile_values(inputs) * size_of::<f32>(),
        Precision::Int8 => tiles::int8_tile_bytes(inputs),
    }
}

/// Values of a vector of `width` values together with the zeros that fill it up.
pub(crate) fn padded(width: usize) -> usize {
    width.next_multiple_of(TILE)
}

/// Where a section begins, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Section {
    offset: usize,
    kind: Kind,
}

/// The table of contents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Layout(BTreeMap<String, Section>);

impl Layout {
    /// Adds a section behind `end`, where the one before it ended, and tells where the new one lies.
    pub(crate) fn add(&mut self, name: String, kind: Kind, end: usize) -> Range<usize> {
        let offset = end.next_multiple_of(ALIGNMENT);
        self.0.insert(name, Section { offset, kind });
        offset..offset + kind.bytes()
    }
}

/// The weights of a model. Clones share them.
#[derive(Clone)]
pub(crate) struct Packed {
    region: Region,
    layout: Layout,
}

/// Weights that lack a section, or have it in another shape than the configuration implies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the packed weights have no {wanted} `{name}`")]
pub struct PackedError {
    name: String,
    wanted: String,
}

/// A weight matrix.
#[derive(Clone)]
pub(crate) struct Matrix {
    pub(crate) outputs: usize,
    pub(crate) inputs: usize,
    pub(crate) weights: Weights,
}

/// The tiles of a matrix.
#[derive(Clone)]
pub(crate) enum Weights {
    F32(Floats),
    Int8(Bytes),
}

impl Packed {
    /// Weights that lie in `region` as `layout` says.
    pub(crate) fn new(region: Region, layout: Layout) -> Self {
        Self { region, layout }
    }

    /// The matrix of this name, in whichever precision it is.
    pub(crate) fn matrix(&self, name: &str, outputs: usize, inputs: usize) -> Result<Matrix, PackedError> {
        let found = [Precision::F32, Precision::Int8].into_iter().find_map(|precision| {
            let bytes = self.section(name, Kind::Matrix { precision, outputs, inputs })?;
            match precision {
                Precision::F32 => bytes.into_floats().map(Weights::F32),
                Precision::Int8 => Some(Weights::Int8(bytes)),
            }
        });
        let weights = found.ok_or_else(|| missing(name, format!("matrix ({outputs}, {inputs})")))?;
        Ok(Matrix { outputs, inputs, weights })
    }

    /// The vector of this name, filled up with zeros to a multiple of 16 values.
    pub(crate) fn vector(&self, name: &str, width: usize) -> Result<Floats, PackedError> {
        self.vectors(name, 1, width)
    }

    /// The vectors of this name one after another, each filled up with zeros to a multiple of 16 values.
    pub(crate) fn vectors(&self, name: &str, rows: usize, width: usize) -> Result<Floats, PackedError> {
        let found = self.section(name, Kind::Vectors { rows, width }).and_then(Bytes::into_floats);
        found.ok_or_else(|| missing(name, format!("{rows} vectors of {width} values")))
    }

    /// Whether there is such a section.
    pub(crate) fn has(&self, name: &str, kind: Kind) -> bool {
        self.section(name, kind).is_some()
    }

    /// Where they lie.
    pub(crate) fn region(&self) -> &Region {
        &self.region
    }

    /// What lies where.
    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Bytes of all weights.
    pub(crate) fn memory(&self) -> usize {
        self.region.len()
    }

    fn section(&self, name: &str, kind: Kind) -> Option<Bytes> {
        let section = self.layout.0.get(name).filter(|section| section.kind == kind)?;
        self.region.bytes(section.offset..section.offset.checked_add(kind.bytes())?)
    }
}

fn missing(name: &str, wanted: String) -> PackedError {
    PackedError { name: name.to_owned(), wanted }
}
