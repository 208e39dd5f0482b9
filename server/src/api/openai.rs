//! OpenAI's routes, so that its clients can talk with personas: each persona is a model. What is asked for and can't be done is
//! refused, never left out in silence.

mod chat;
mod completions;
pub(super) mod models;
mod requests;
mod stream;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::response::{IntoResponse, Response};
use futures::future::try_join_all;
use maskarad_engine::StopReason;
use serde::Serialize;
use utoipa::ToSchema;

use super::admission::Place;
use super::ask::Asked;
use super::error::{ApiError, ErrorBody};
use super::own::SseEvent;
use super::{Api, ask};
use crate::attempts::End;
use crate::live::Character;
use crate::speech::{Said, Unsaid};

pub(super) use self::chat::ChatCompletion;
pub(super) use self::completions::TextCompletion;
pub(super) use self::models::{model, models};

/// What came of one choice.
struct Choice {
    text: String,
    finish_reason: &'static str,
    tokens: usize,
}

/// Tokens that were read and made.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
struct Usage {
    prompt_tokens: usize,
    completion_tokens: usize,
    total_tokens: usize,
}

impl Usage {
    fn of(prompt_tokens: usize, completion_tokens: usize) -> Self {
        Self { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }
    }
}

impl Choice {
    /// The whole of it. A text that the persona's manifest discards becomes its fallback, told as OpenAI tells of its filter.
    fn of(said: &Said, character: &Character) -> Self {
        let (text, finish_reason) = match &said.end {
            End::Text(text) => (text.clone(), reason(said)),
            End::Fallback(_) | End::Silence(_) => (character.persona.reply.fallback.clone(), "content_filter"),
        };
        Self { text, finish_reason, tokens: said.generated_tokens }
    }
}

fn reason(said: &Said) -> &'static str {
    match said.finished.stop_reason {
        StopReason::Length => "length",
        StopReason::Eos | StopReason::StopString | StopReason::Cancelled => "stop",
    }
}

impl From<Unsaid> for ApiError {
    fn from(unsaid: Unsaid) -> Self {
        match unsaid {
            Unsaid::Interrupted => Self::stopping(),
            Unsaid::Failed(reason) => {
                tracing::warn!(reason, "a reply for the API could not be generated");
                Self::internal()
            }
        }
    }
}

/// A checked request, and the places that its replies have.
struct Admitted {
    asked: Asked,
    n: usize,
    place: Place,
    model: String,
    /// What the answer is called, and when it was begun.
    id: String,
    created: i64,
}

impl Admitted {
    /// All choices at once.
    async fn choices(&self, api: &Api) -> Result<(Vec<Choice>, Usage), ApiError> {
        let speeches = (0..self.n).map(|index| self.asked.speech(api, index));
        let said = try_join_all(speeches.map(async |speech| speech.say(|_| {}).await)).await?;
        let choices: Vec<Choice> = said.iter().map(|said| Choice::of(said, &self.asked.character)).collect();
        let tokens = choices.iter().map(|choice| choice.tokens).sum();
        Ok((choices, Usage::of(self.asked.prompt.len(), tokens)))
    }
}

/// What a persona answers in a chat.
#[utoipa::path(
    post, path = "/v1/chat/completions", request_body = requests::Chat,
    responses(
        (status = 200, content((ChatCompletion = "application/json"), (SseEvent = "text/event-stream"))),
        (status = "4XX", body = ErrorBody), (status = 503, body = ErrorBody),
    ),
)]
pub(super) async fn chat(
    State(api): State<Arc<Api>>,
    request: Result<Json<requests::Chat>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(request) = request?;
    let admitted = chat::admit(&api, &request)?;
    if request.common.stream {
        return Ok(stream::answer(&api, admitted, &stream::CHAT, request.common.wants_usage()).into_response());
    }
    Ok(Json(chat::answer(&api, &admitted).await?).into_response())
}

/// The prompt is what somebody says, the text what the persona answers.
#[utoipa::path(
    post, path = "/v1/completions", request_body = requests::Completions,
    responses(
        (status = 200, content((TextCompletion = "application/json"), (SseEvent = "text/event-stream"))),
        (status = "4XX", body = ErrorBody), (status = 503, body = ErrorBody),
    ),
)]
pub(super) async fn completions(
    State(api): State<Arc<Api>>,
    request: Result<Json<requests::Completions>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Json(request) = request?;
    let admitted = completions::admit(&api, &request)?;
    if request.common.stream {
        return Ok(stream::answer(&api, admitted, &stream::TEXT, request.common.wants_usage()).into_response());
    }
    Ok(Json(completions::answer(&api, &admitted).await?).into_response())
}

impl Api {
    fn admit(
        &self,
        common: &requests::Common,
        turns: &[crate::prompt::Turn],
        kind: &str,
    ) -> Result<Admitted, ApiError> {
        let speaker = self.speaker(&common.model)?;
        let n = ask::replies(common.n)?;
        let asked = self.asked(speaker, turns, &common.settings()?, requests::NAMES)?;
        let id = format!("{kind}-{:016x}", self.app.dice.seed());
        let created = self.app.clock.now().unix_timestamp();
        Ok(Admitted { asked, n, place: self.admission.admit(n)?, model: common.model.clone(), id, created })
    }
}
