//! The engine in this process.

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt};
use maskarad_engine::{Engine, EngineError, Event, Request};

use super::{GenerateRequest, Generator, GeneratorError};

/// Generates with the engine in this process.
pub struct LocalGenerator {
    engine: Engine,
}

impl LocalGenerator {
    /// A generator on a running engine.
    pub fn new(engine: Engine) -> Self {
        Self { engine }
    }
}

#[async_trait]
impl Generator for LocalGenerator {
    async fn generate(&self, request: GenerateRequest) -> Result<BoxStream<'static, Event>, GeneratorError> {
        let request = Request {
            model: request.model,
            prompt: request.prompt,
            generation: request.generation,
            want_logits: false,
        };
        let generation = self.engine.generate(request).map_err(|error| match error {
            EngineError::Busy { .. } => GeneratorError::Busy,
            EngineError::Stopped => GeneratorError::Gone,
            other => GeneratorError::Refused(other.to_string()),
        })?;
        let events = stream::unfold(generation, |mut generation| async move {
            let event = generation.next().await?;
            Some((event, generation))
        });
        Ok(events.boxed())
    }

    fn is_alive(&self) -> bool {
        self.engine.is_running()
    }
}
