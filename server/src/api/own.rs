//! The API's own routes: with a persona's words instead of OpenAI's.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use maskarad_engine::{StopReason, Timings};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::Api;
use super::ask::{self, Asked, Names, Settings};
use super::error::{ApiError, ErrorBody};
use super::pieces::{Piece, pieces};
use crate::attempts::End;
use crate::live::{Character, Speaker};
use crate::prompt::{Side, Turn};
use crate::speech::Said;

const NAMES: Names = Names { max_new_tokens: "settings.max_new_tokens", stop_strings: "settings.stop_strings" };
/// How often a silent stream says that it lives.
const ALIVE: Duration = Duration::from_secs(10);

/// A persona, as whoever wants to talk with it sees it.
#[derive(Serialize, ToSchema)]
pub(super) struct PersonaView {
    name: String,
    display_name: String,
    /// How many earlier messages it is told in a chat.
    context_length: u8,
    /// Tokens that prompt and reply may have.
    prompt_tokens: usize,
    max_new_tokens: usize,
    /// What its manifest says of the settings.
    settings: SettingsView,
}

/// The personas there are.
#[derive(Serialize, ToSchema)]
pub(super) struct PersonaList {
    personas: Vec<PersonaView>,
}

/// A prompt as the checkpoint reads it.
#[derive(Serialize, ToSchema)]
pub(super) struct PromptView {
    /// The whole of it.
    text: String,
    /// Its tokens, in order.
    tokens: Vec<PromptToken>,
}

/// A token of a prompt.
#[derive(Serialize, ToSchema)]
struct PromptToken {
    id: u32,
    /// As far as it is text by itself.
    text: String,
}

/// Where the time of a reply went; the last attempt counts.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the engine's own type is what is sent; this describes it")]
struct TimingsView {
    /// Milliseconds until there was a place.
    queue_ms: f64,
    /// From there to the first token.
    prompt_ms: f64,
    /// From there to the end.
    generate_ms: f64,
    prompt_tokens: usize,
    generated_tokens: usize,
}

/// What a manifest says of the settings.
#[derive(Serialize, ToSchema)]
struct SettingsView {
    do_sample: bool,
    temperature: f32,
    top_k: usize,
    top_p: f32,
    repetition_penalty: f32,
    no_repeat_ngram_size: usize,
}

/// An event of a stream.
#[derive(ToSchema)]
#[expect(dead_code, reason = "axum writes the events; this describes them")]
pub(super) struct SseEvent {
    /// `text`, `reply` or `error`; OpenAI's streams have none.
    event: Option<String>,
    /// JSON, or `[DONE]` at the end of OpenAI's streams.
    data: String,
}

/// What is said to a persona.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplyRequest {
    /// One message …
    #[serde(default)]
    text: Option<String>,
    /// … or a conversation whose last message is to be answered.
    #[serde(default)]
    turns: Option<Vec<SpokenTurn>>,
    #[serde(default)]
    settings: Settings,
    /// Whether the reply is to come piece by piece, as server-sent events.
    #[serde(default)]
    stream: bool,
}

/// One message of a conversation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SpokenTurn {
    from: Speaking,
    text: String,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Speaking {
    User,
    Persona,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
pub(super) struct Reply {
    reply: String,
    /// `answered`, or `fallback` where nothing fit to be said was generated.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// Why it ended: `eos`, `length` or `stop_string`.
    #[schema(value_type = String)]
    stop_reason: StopReason,
    /// Tokens of all attempts.
    generated_tokens: usize,
    /// Where the time went.
    #[schema(value_type = TimingsView)]
    timings: Timings,
}

/// `GET /v1/personas`.
#[utoipa::path(get, path = "/v1/personas", responses((status = 200, body = PersonaList), (status = "4XX", body = ErrorBody)))]
pub(super) async fn personas(State(api): State<Arc<Api>>) -> Json<PersonaList> {
    Json(PersonaList { personas: api.app.speakers.all().iter().map(|speaker| PersonaView::of(speaker)).collect() })
}

/// What a persona answers. With `stream` it comes as server-sent events: `text` with each piece, `reply` at the end.
#[utoipa::path(
    post, path = "/v1/personas/{name}/reply", params(("name" = String, Path)), request_body = ReplyRequest,
    responses(
        (status = 200, content((Reply = "application/json"), (SseEvent = "text/event-stream"))),
        (status = "4XX", body = ErrorBody), (status = 503, body = ErrorBody),
    ),
)]
pub(super) async fn reply(
    State(api): State<Arc<Api>>,
    name: Result<Path<String>, PathRejection>,
    request: Result<Json<ReplyRequest>, JsonRejection>,
) -> Result<Response, ApiError> {
    let (speaker, Json(request)) = (api.speaker(&name?.0)?, request?);
    let asked = request.asked(&api, speaker)?;
    let place = api.admission.admit(1)?;
    if !request.stream {
        let said = asked.speech(&api, 0).say(|_| {}).await?;
        drop(place);
        return Ok(Json(Reply::of(&said, &asked.character)).into_response());
    }
    let character = Arc::clone(&asked.character);
    let events = pieces(asked.speech(&api, 0)).map(move |piece| {
        let _held = &place;
        let event = match piece {
            Piece::Text(text) => Event::default().event("text").data(json!({ "text": text }).to_string()),
            Piece::End(Ok(said)) => {
                Event::default().event("reply").data(json!(Reply::of(&said, &character)).to_string())
            }
            Piece::End(Err(unsaid)) => Event::default().event("error").data(ApiError::from(unsaid).json().to_string()),
        };
        Ok::<_, Infallible>(event)
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)).into_response())
}

/// What the checkpoint would be given; nothing is generated.
#[utoipa::path(
    post, path = "/v1/personas/{name}/prompt", params(("name" = String, Path)), request_body = ReplyRequest,
    responses((status = 200, body = PromptView), (status = "4XX", body = ErrorBody)),
)]
pub(super) async fn prompt(
    State(api): State<Arc<Api>>,
    name: Result<Path<String>, PathRejection>,
    request: Result<Json<ReplyRequest>, JsonRejection>,
) -> Result<Json<PromptView>, ApiError> {
    let (speaker, Json(request)) = (api.speaker(&name?.0)?, request?);
    let Asked { character, prompt, .. } = request.asked(&api, speaker)?;
    let decode = |ids: &[u32]| character.voice.tokenizer.decode(ids, false);
    let tokens = prompt.iter().map(|id| PromptToken { id: *id, text: decode(&[*id]) }).collect();
    Ok(Json(PromptView { text: decode(&prompt), tokens }))
}

impl PersonaView {
    fn of(speaker: &Speaker) -> Self {
        let character = speaker.character();
        let (persona, window) = (&character.persona, character.voice.window());
        let generation = &persona.generation;
        Self {
            name: persona.name.to_string(),
            display_name: persona.display_name.clone(),
            context_length: persona.chat_defaults.context_length,
            prompt_tokens: window.prompt,
            max_new_tokens: window.max_new_tokens,
            settings: SettingsView {
                do_sample: generation.do_sample,
                temperature: generation.temperature,
                top_k: generation.top_k,
                top_p: generation.top_p,
                repetition_penalty: generation.repetition_penalty,
                no_repeat_ngram_size: generation.no_repeat_ngram_size,
            },
        }
    }
}

impl ReplyRequest {
    fn asked(&self, api: &Api, speaker: Arc<Speaker>) -> Result<Asked, ApiError> {
        api.asked(speaker, &self.turns()?, &self.settings, NAMES)
    }

    fn turns(&self) -> Result<Vec<Turn>, ApiError> {
        let said = match (&self.text, &self.turns) {
            (Some(text), None) => vec![(Side::Others, text.clone())],
            (None, Some(turns)) => turns.iter().map(SpokenTurn::side).collect(),
            _ => return Err(ApiError::invalid("text", "send either text or turns")),
        };
        if said.last().is_some_and(|(side, _)| *side == Side::Persona) {
            return Err(ApiError::invalid("turns", "the last message must not be the persona's own"));
        }
        Ok(ask::turns(said))
    }
}

impl SpokenTurn {
    fn side(&self) -> (Side, String) {
        let side = match self.from {
            Speaking::User => Side::Others,
            Speaking::Persona => Side::Persona,
        };
        (side, self.text.clone())
    }
}

impl Reply {
    fn of(said: &Said, character: &Character) -> Self {
        let fallback = || character.persona.reply.fallback.clone();
        let (reply, outcome, reason) = match &said.end {
            End::Text(text) => (text.clone(), "answered", None),
            End::Fallback(why) | End::Silence(why) => (fallback(), "fallback", Some(why.as_str())),
        };
        Self {
            reply,
            outcome,
            reason,
            stop_reason: said.finished.stop_reason,
            generated_tokens: said.generated_tokens,
            timings: said.finished.timings,
        }
    }
}
