//! `POST /predict`, as clients of the seed system call it: `{"text": …, "temp": …}` in, `{"toxified": …}` out.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::ask::{self, Names, Settings};
use super::error::{ApiError, ErrorBody};
use crate::attempts::End;
use crate::prompt::Side;

const NAMES: Names = Names { max_new_tokens: "max_new_tokens", stop_strings: "stop_strings" };

/// What those clients send. They know one persona; `persona` names another than the first.
#[derive(Deserialize, ToSchema)]
pub(super) struct PredictRequest {
    text: String,
    #[serde(default)]
    #[schema(minimum = 0)]
    temp: Option<f32>,
    #[serde(default)]
    persona: Option<String>,
}

/// What they read.
#[derive(Serialize, ToSchema)]
pub(super) struct Toxified {
    toxified: String,
}

/// A reply, for clients of the seed system.
#[utoipa::path(
    post, path = "/predict", request_body = PredictRequest,
    responses((status = 200, body = Toxified), (status = "4XX", body = ErrorBody), (status = 503, body = ErrorBody)),
)]
pub(super) async fn predict(
    State(api): State<Arc<Api>>,
    request: Result<Json<PredictRequest>, JsonRejection>,
) -> Result<Json<Toxified>, ApiError> {
    let Json(request) = request?;
    let speaker = match &request.persona {
        Some(name) => api.speaker(name)?,
        None => {
            let first = api.app.speakers.all().into_iter().next();
            first.ok_or_else(|| ApiError::not_found("there is no persona"))?
        }
    };
    let settings = Settings { temperature: request.temp, ..Settings::default() };
    let asked = api.asked(speaker, &ask::turns([(Side::Others, request.text)]), &settings, NAMES)?;
    let _place = api.admission.admit(1)?;
    let toxified = match asked.speech(&api, 0).say(|_| {}).await?.end {
        End::Text(text) => text,
        End::Fallback(_) | End::Silence(_) => asked.character.persona.reply.fallback.clone(),
    };
    Ok(Json(Toxified { toxified }))
}
