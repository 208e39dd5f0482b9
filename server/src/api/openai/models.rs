//! Personas as models.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::error::{ApiError, ErrorBody};
use crate::live::Speaker;

/// A list of models.
#[derive(Serialize, ToSchema)]
pub(crate) struct Models {
    object: &'static str,
    data: Vec<Model>,
}

/// A model.
#[derive(Serialize, ToSchema)]
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

/// The personas, as models.
#[utoipa::path(get, path = "/v1/models", responses((status = 200, body = Models), (status = "4XX", body = ErrorBody)))]
pub(crate) async fn models(State(api): State<Arc<Api>>) -> Json<Models> {
    let data = api.app.speakers.all().iter().map(|speaker| Model::of(speaker)).collect();
    Json(Models { object: "list", data })
}

/// A persona, as a model.
#[utoipa::path(
    get, path = "/v1/models/{name}", params(("name" = String, Path)),
    responses((status = 200, body = Model), (status = "4XX", body = ErrorBody)),
)]
pub(crate) async fn model(
    State(api): State<Arc<Api>>,
    name: Result<Path<String>, PathRejection>,
) -> Result<Json<Model>, ApiError> {
    Ok(Json(Model::of(&*api.speaker(&name?.0)?)))
}
