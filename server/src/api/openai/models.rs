//! Personas as models.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde::Serialize;

use crate::api::Api;
use crate::api::error::ApiError;
use crate::live::Speaker;

/// A list of models.
#[derive(Serialize)]
pub(crate) struct Models {
    object: &'static str,
    data: Vec<Model>,
}

/// A model.
#[derive(Serialize)]
pub(crate) struct Model {
    id: String,
    object: &'static str,
    created: i64,
    owned_by: &'static str,
}

impl Model {
    fn of(speaker: &Speaker) -> Self {
        Self { id: speaker.name.to_string(), object: "model", created: 0, owned_by: "maskarad" }
    }
}

/// `GET /v1/models`.
pub(crate) async fn models(State(api): State<Arc<Api>>) -> Json<Models> {
    let data = api.app.speakers.all().iter().map(|speaker| Model::of(speaker)).collect();
    Json(Models { object: "list", data })
}

/// `GET /v1/models/{name}`.
pub(crate) async fn model(
    State(api): State<Arc<Api>>,
    name: Result<Path<String>, PathRejection>,
) -> Result<Json<Model>, ApiError> {
    Ok(Json(Model::of(&*api.speaker(&name?.0)?)))
}
