//! The arithmetic of inference on plain slices: products with packed weights, attention, layer norm, GELU, and the
//! threads that share them. Chooses the instruction set at run time, in this file alone, and holds the crate's `unsafe`
//! but for the map of a file. Knows no models.

mod attention;
mod elementwise;
mod lanes;
mod pool;
mod product;
mod remember;
mod rows;
mod scalar;
#[cfg(test)]
mod tests;
pub(crate) mod tiles;
#[cfg(target_arch = "x86_64")]
mod x86_64;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub(crate) use self::attention::{Head, Scratch};
pub(crate) use self::lanes::Element;
pub(crate) use self::pool::Pool;
pub(crate) use self::product::{F32, Finish, Int8};
pub(crate) use self::remember::Past;
pub(crate) use self::rows::{Group, LayerNorm, PanelRow};
use self::scalar::Plain;
use self::tiles::TILE;

/// What the kernels are compiled for, from the plainest to the widest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstructionSet {
    /// No vector instructions beyond what the compiler assumes anyway: the specification.
    Scalar,
    /// AVX2, FMA and F16C.
    Avx2,
    /// The same with AVX-VNNI.
    AvxVnni,
    /// AVX-512 with VNNI.
    Avx512,
    /// The same with AMX for bytes.
    Amx,
}

impl InstructionSet {
    /// All sets.
    pub const ALL: [Self; 5] = [Self::Scalar, Self::Avx2, Self::AvxVnni, Self::Avx512, Self::Amx];

    /// The widest that this processor has.
    #[must_use]
    pub fn best() -> Self {
        Self::ALL.into_iter().rev().find(|set| set.is_available()).unwrap_or(Self::Scalar)
    }

    /// Whether this processor has it.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => x86_64::has_avx2(),
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni => x86_64::has_avx_vnni(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => x86_64::has_avx512(),
            #[cfg(target_arch = "x86_64")]
            Self::Amx => x86_64::has_amx(),
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::AvxVnni => "avx_vnni",
            Self::Avx512 => "avx512",
            Self::Amx => "amx",
        }
    }
}

impl fmt::Display for InstructionSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The text that named no [`InstructionSet`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no instruction set `{0}`; there are scalar, avx2, avx_vnni, avx512 and amx")]
pub struct UnknownInstructionSet(pub String);

impl FromStr for InstructionSet {
    type Err = UnknownInstructionSet;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|set| set.name() == text).ok_or_else(|| UnknownInstructionSet(text.to_owned()))
    }
}

/// The kernels of an instruction set that this processor has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kernels(InstructionSet);

/// Calls a kernel as it is compiled for the chosen set.
macro_rules! dispatch {
    ($set:expr, $plain:path, $name:ident($($argument:expr),*)) => {
        match $set {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Kernels::of` has asked the processor for this set.
            InstructionSet::Avx2 => unsafe { x86_64::avx2_code::$name($($argument),*) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            InstructionSet::AvxVnni => unsafe { x86_64::avx_vnni_code::$name($($argument),*) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            InstructionSet::Avx512 | InstructionSet::Amx => unsafe { x86_64::avx512_code::$name($($argument),*) },
            _ => $plain($($argument),*),
        }
    };
}

impl Kernels {
    /// The set they are compiled for.
    pub(crate) fn instruction_set(self) -> InstructionSet {
        self.0
    }

    /// The kernels of this set, if the processor has it.
    pub(crate) fn of(set: InstructionSet) -> Option<Self> {
        set.is_available().then_some(Self(set))
    }

    /// The widest kernels there are.
    pub(crate) fn best() -> Self {
        Self(InstructionSet::best())
    }

    /// Rows times 8-bit tiles; to or onto `out` (tiles, N, 16).
    pub(crate) fn int8(self, product: &Int8<'_>, out: &mut [[f32; TILE]]) {
        #[cfg(target_arch = "x86_64")]
        if self.0 == InstructionSet::Amx {
            // SAFETY: as above, and `is_available` has asked the system too.
            return unsafe { x86_64::amx::int8(product, out) };
        }
        dispatch!(self.0, product::int8::<Plain>, int8(product, out));
    }

    /// Rows times f32 tiles; to or onto `out` (tiles, N, 16).
    pub(crate) fn f32(self, product: &F32<'_>, out: &mut [[f32; TILE]]) {
        dispatch!(self.0, product::f32::<Plain>, f32(product, out));
    }

    /// Attention of one head.
    pub(crate) fn attend<E: Element>(self, head: Head<'_, E>, scratch: &mut Scratch) {
        dispatch!(self.0, attention::attend::<Plain, E>, attend(head, scratch));
    }

    /// Puts a token's key and value (D each) into its head's past, at place `at`.
    pub(crate) fn remember<E: Element>(self, past: &mut Past<'_, E>, at: usize, key: &[f32], value: &[f32]) {
        dispatch!(self.0, remember::remember::<Plain, E>, remember(past, at, key, value));
    }

    /// Layer norm of one row, into `out` (C up to a multiple of 16).
    pub(crate) fn layer_norm(self, norm: &LayerNorm<'_>, x: PanelRow<'_>, out: &mut [f32]) {
        dispatch!(self.0, rows::layer_norm::<Plain>, layer_norm(norm, x, out));
    }

    /// One row (K up to a multiple of 16) in 8 bits.
    pub(crate) fn quantize(self, row: &[f32], groups: &mut [Group]) {
        dispatch!(self.0, rows::quantize::<Plain>, quantize(row, groups));
    }

    /// GELU by its tanh approximation, in place.
    pub(crate) fn gelu_tanh(self, values: &mut [[f32; TILE]]) {
        dispatch!(self.0, elementwise::gelu_tanh::<Plain>, gelu_tanh(values));
    }

    /// GELU by the error function, in place.
    pub(crate) fn gelu_erf(self, values: &mut [[f32; TILE]]) {
        elementwise::gelu_erf(values);
    }

    /// ReLU, in place.
    pub(crate) fn relu(self, values: &mut [[f32; TILE]]) {
        elementwise::relu(values);
    }
}
