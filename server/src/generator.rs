//! The seam between the queue and whatever makes tokens: the engine in this process, later workers elsewhere.

mod local;

use async_trait::async_trait;
use futures::stream::BoxStream;
use maskarad_engine::{Event, GenerationConfig, ModelKey};
use serde::{Deserialize, Serialize};

pub use local::LocalGenerator;

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
}
