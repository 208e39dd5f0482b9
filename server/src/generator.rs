//! The seam between the queue and whatever makes tokens: the engine in this process, workers elsewhere, or whichever of
//! them is faster.

mod choice;
mod local;
mod meter;

use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use maskarad_engine::{Event, GenerationConfig, ModelKey};
use serde::{Deserialize, Serialize};

pub use self::choice::{Choice, Prefer};
pub use self::local::LocalGenerator;
use crate::remote::Elsewhere;

/// How long a reply may take. Nobody waits for longer, and no prompt lies about for longer.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// A request as plain data, fit to travel to another machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GenerateRequest {
    /// The job it belongs to; a job may run twice, the first recorded result wins.
    pub job: i64,
    /// Content hash and precision of the weights.
    pub model: ModelKey,
    /// Token ids of the prompt.
    pub prompt: Vec<u32>,
    /// Sampling, stop strings and seed.
    pub generation: GenerationConfig,
    /// Somebody spoke to the persona: this goes before what merely keeps a chat company.
    pub directed: bool,
    /// Somebody hears each token as it comes; otherwise all may come at the end.
    pub progress: bool,
    /// How long it may take until its end.
    pub deadline: Duration,
}

/// Why no reply could be generated.
#[derive(Debug, thiserror::Error)]
pub enum GeneratorError {
    /// Every place is taken and so is every place to wait; the same request may work later.
    #[error("the engine is busy")]
    Busy,
    /// Whatever generates has ended; the daemon is about to.
    #[error("the engine has stopped")]
    Gone,
    /// The request can never work.
    #[error("the engine refused the request: {0}")]
    Refused(String),
}

/// Makes tokens.
#[async_trait]
pub trait Generator: Send + Sync + 'static {
    /// Begins a generation. Dropping the stream cancels it.
    ///
    /// # Errors
    /// [`GeneratorError::Busy`] when it should be tried again later, [`GeneratorError::Refused`] when it should not.
    async fn generate(&self, request: GenerateRequest) -> Result<BoxStream<'static, Event>, GeneratorError>;

    /// Whether it can generate at all.
    fn is_alive(&self) -> bool;

    /// How generation elsewhere stands; `None` where all is made here.
    fn elsewhere(&self) -> Option<Elsewhere> {
        None
    }
}
