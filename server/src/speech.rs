//! One reply, from a prompt to a cleaned text: generate, clean, and try again where nothing usable came. What a job of the queue
//! and a call of the API have in common; knows neither.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use maskarad_engine::{EngineError, Event, Finished, GenerationConfig, Timings};

use crate::app::App;
use crate::attempts::{Attempts, End};
use crate::backoff::Backoff;
use crate::generator::{DEADLINE, GenerateRequest, GeneratorError};
use crate::live::{Character, Speaker};
use crate::metrics;
use crate::reply::{self, Flow};

/// What a persona is asked to say.
pub struct Speech {
    /// The daemon.
    pub app: Arc<App>,
    /// Who speaks.
    pub speaker: Arc<Speaker>,
    /// What it is from the beginning of this reply to its end.
    pub character: Arc<Character>,
    /// The job it belongs to; 0 where it belongs to none.
    pub job: i64,
    /// Token ids of the prompt.
    pub prompt: Vec<u32>,
    /// How it is continued; the seed is that of the first attempt.
    pub generation: GenerationConfig,
    /// Somebody spoke to the persona, and silence would be rude.
    pub directed: bool,
    /// Somebody hears the reply grow.
    pub overheard: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Said {
    /// The reply, or what takes its place.
    pub end: End,
    /// The last generation.
    pub finished: Finished,
    /// Tokens of all generations.
    pub generated_tokens: usize,
}

/// Why nothing came of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsaid {
    /// The engine ends; the same may be asked of the next one.
    #[error("the daemon is stopping")]
    Interrupted,
    /// It can never work.
    #[error("{0}")]
    Failed(String),
}

impl Speech {
    /// Speaks. `heard` is told of each piece of the reply as soon as nothing can change it any more: together the pieces are a
    /// beginning of the reply. Once something was heard there is no other attempt. Dropping the future ends the generation.
    ///
    /// # Errors
    /// As [`Unsaid`] says.
    pub async fn say(&self, mut heard: impl FnMut(&str)) -> Result<Said, Unsaid> {
        let mut attempts = Attempts::new(self.generation.seed, self.directed);
        let mut generated_tokens = 0;
        loop {
            let seed = attempts.seed();
            let mut flow = Flow::new(&self.character.persona, &self.character.voice.markers);
            let finished = self.generate(seed, |text| heard(flow.push(text))).await?;
            generated_tokens += finished.timings.generated_tokens;
            let text = finished.text.as_deref().unwrap_or_default();
            let outcome = reply::clean(&self.character.persona, &self.character.voice.markers, text);
            if let reply::Outcome::Discard(why) = outcome {
                let (persona, job, reason) = (&self.speaker.name, self.job, why.as_str());
                tracing::info!(%persona, job, seed, reason, "a reply was discarded");
            }
            if !flow.shown().is_empty() {
                attempts.no_more();
            }
            if let Some(end) = attempts.after(outcome) {
                return Ok(Said { end, finished, generated_tokens });
            }
        }
    }

    /// One generation; `told` is given its text piece by piece.
    async fn generate(&self, seed: u64, mut told: impl FnMut(&str)) -> Result<Finished, Unsaid> {
        let model = &self.character.voice.model;
        let generation = GenerationConfig { seed, ..self.generation.clone() };
        let kv_bytes = model.kv_bytes(self.prompt.len() + generation.max_new_tokens);
        let request = GenerateRequest {
            job: self.job,
            model: model.key(),
            prompt: self.prompt.clone(),
            generation,
            directed: self.directed,
            progress: self.overheard,
            deadline: DEADLINE,
        };
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
        let mut events = loop {
            match self.app.generator.generate(request.clone()).await {
                Ok(events) => break events,
                Err(GeneratorError::Busy) => tokio::time::sleep(backoff.next(&self.app.dice)).await,
                Err(GeneratorError::Gone) => return Err(Unsaid::Interrupted),
                Err(GeneratorError::Refused(reason)) => return Err(Unsaid::Failed(reason)),
            }
        };
        let tokens = metrics::generated_tokens(&self.speaker.name);
        let mut held = None;
        while let Some(event) = events.next().await {
            match event {
                Event::Token { text, .. } => {
                    held.get_or_insert_with(|| self.speaker.usage.hold(kv_bytes));
                    tokens.increment(1);
                    told(&text);
                }
                Event::Finished(finished) => {
                    self.note(&finished);
                    return Ok(finished);
                }
                Event::Failed(EngineError::Stopped) => return Err(Unsaid::Interrupted),
                Event::Failed(error) => return Err(Unsaid::Failed(error.to_string())),
            }
        }
        Err(Unsaid::Interrupted)
    }

    /// Where the time of a generation went; `make load` reads it in the log.
    fn note(&self, finished: &Finished) {
        let Timings { queue_ms, prompt_ms, generate_ms, prompt_tokens, generated_tokens } = finished.timings;
        let (persona, job, stop) = (&self.speaker.name, self.job, finished.stop_reason);
        tracing::debug!(
            %persona, job, ?stop, queue_ms, prompt_ms, generate_ms, prompt_tokens, generated_tokens, "generated"
        );
        let first_token = Duration::try_from_secs_f64((queue_ms + prompt_ms) / 1e3).unwrap_or_default();
        metrics::generated(persona, prompt_tokens, first_token);
        self.speaker.usage.generated(&finished.timings);
    }
}
