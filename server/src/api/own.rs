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

use super::Api;
use super::ask::{self, Asked, Names, Settings};
use super::error::ApiError;
use super::pieces::{Piece, pieces};
use crate::attempts::End;
use crate::live::{Character, Speaker};
use crate::prompt::{Side, Turn};
use crate::speech::Said;

const NAMES: Names = Names { max_new_tokens: "settings.max_new_tokens", stop_strings: "settings.stop_strings" };
/// How often a silent stream says that it lives.
const ALIVE: Duration = Duration::from_secs(10);

/// A persona, as whoever wants to talk with it sees it.
#[derive(Serialize)]
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

#[derive(Serialize)]
struct SettingsView {
    do_sample: bool,
    temperature: f32,
    top_k: usize,
    top_p: f32,
    repetition_penalty: f32,
    no_repeat_ngram_size: usize,
}

/// What is said to a persona.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    /// One message …
    #[serde(default)]
    text: Option<String>,
    /// … or a conversation whose last message is to be answered.
    #[serde(default)]
    turns: Option<Vec<Spoken>>,
    #[serde(default)]
    settings: Settings,
    /// Whether the reply is to come piece by piece, as server-sent events.
    #[serde(default)]
    stream: bool,
}

/// One message of a conversation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spoken {
    from: From,
    text: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum From {
    User,
    Persona,
}

/// What came of it.
#[derive(Serialize)]
struct Reply {
    reply: String,
    /// `answered`, or `fallback` where nothing fit to be said was generated.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    stop_reason: StopReason,
    /// Tokens of all attempts.
    generated_tokens: usize,
    timings: Timings,
}

/// `GET /v1/personas`.
pub(super) async fn personas(State(api): State<Arc<Api>>) -> Json<serde_json::Value> {
    let personas: Vec<PersonaView> = api.app.speakers.all().iter().map(|speaker| PersonaView::of(speaker)).collect();
    Json(json!({ "personas": personas }))
}

/// `POST /v1/personas/{name}/reply`.
pub(super) async fn reply(
    State(api): State<Arc<Api>>,
    name: Result<Path<String>, PathRejection>,
    request: Result<Json<Request>, JsonRejection>,
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

/// `POST /v1/personas/{name}/prompt`: what the checkpoint would be given, and nothing is generated.
pub(super) async fn prompt(
    State(api): State<Arc<Api>>,
    name: Result<Path<String>, PathRejection>,
    request: Result<Json<Request>, JsonRejection>,
) -> Result<Json<serde_json::Value>, ApiError> {
    let (speaker, Json(request)) = (api.speaker(&name?.0)?, request?);
    let Asked { character, prompt, .. } = request.asked(&api, speaker)?;
    let tokenizer = &character.voice.tokenizer;
    let tokens: Vec<_> = prompt.iter().map(|id| json!({ "id": id, "text": tokenizer.decode(&[*id], false) })).collect();
    Ok(Json(json!({ "text": tokenizer.decode(&prompt, false), "tokens": tokens })))
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

impl Request {
    fn asked(&self, api: &Api, speaker: Arc<Speaker>) -> Result<Asked, ApiError> {
        api.asked(speaker, &self.turns()?, &self.settings, NAMES)
    }

    fn turns(&self) -> Result<Vec<Turn>, ApiError> {
        let said = match (&self.text, &self.turns) {
            (Some(text), None) => vec![(Side::Others, text.clone())],
            (None, Some(turns)) => turns.iter().map(Spoken::side).collect(),
            _ => return Err(ApiError::invalid("text", "send either text or turns")),
        };
        if said.last().is_some_and(|(side, _)| *side == Side::Persona) {
            return Err(ApiError::invalid("turns", "the last message must not be the persona's own"));
        }
        Ok(ask::turns(said))
    }
}

impl Spoken {
    fn side(&self) -> (Side, String) {
        let side = match self.from {
            From::User => Side::Others,
            From::Persona => Side::Persona,
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
