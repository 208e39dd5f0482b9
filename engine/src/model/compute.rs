//! What a forward pass computes with: kernels, threads, and memory that is kept between passes.

use super::attention::Heads;
use super::panels::{Panels, Rows};
use crate::error::EngineError;
use crate::kernels::{InstructionSet, Kernels, Pool};

/// The means of computing.
pub struct Compute {
    pub(crate) kernels: Kernels,
    pub(crate) pool: Pool,
    pub(super) scratch: Scratch,
}

/// The activations of one pass.
#[derive(Default)]
pub(super) struct Scratch {
    /// The residual stream (N, C)
    pub(super) x: Panels,
    /// Inputs of the product at hand.
    pub(super) rows: Rows,
    /// (N, 3C)
    pub(super) qkv: Panels,
    /// (H, N, D)
    pub(super) heads: Heads,
    /// (N, F)
    pub(super) inner: Panels,
    /// (R, V)
    pub(super) logits: Panels,
}

impl Compute {
    /// So many threads, the calling one included, with the given instruction set or else the widest there is.
    ///
    /// # Errors
    /// [`EngineError::Start`] where the processor lacks the set, or the system refuses a thread.
    pub fn start(threads: usize, set: Option<InstructionSet>) -> Result<Self, EngineError> {
        let kernels = match set {
            None => Kernels::best(),
            Some(set) => Kernels::of(set)
                .ok_or_else(|| EngineError::Start(format!("this processor has no {set}; leave instruction_set out")))?,
        };
        let pool = Pool::start(threads).map_err(|error| EngineError::Start(error.to_string()))?;
        Ok(Self { kernels, pool, scratch: Scratch::default() })
    }

    /// The calling thread alone.
    pub(crate) fn alone(kernels: Kernels) -> Self {
        Self { kernels, pool: Pool::alone(), scratch: Scratch::default() }
    }
}
