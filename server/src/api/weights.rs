//! Weights for workers on other machines: `GET /v1/weights/HASH` lists the files of a checkpoint or an adapter by the SHA-256
//! of their content, `GET /v1/weights/HASH/FILE` is one of them. Whoever fetches them hashes them: files that changed since
//! they were loaded are not what was asked for.

use std::path::PathBuf;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use maskarad_engine::checkpoint;
use maskarad_engine::key::hex;
use serde::Serialize;
use tokio_util::io::ReaderStream;

use super::Api;
use super::error::ApiError;

/// The files of some weights.
#[derive(Serialize)]
pub(super) struct Listing {
    files: Vec<Listed>,
}

#[derive(Serialize)]
struct Listed {
    name: String,
    bytes: u64,
}

/// `GET /v1/weights/{content}`.
pub(super) async fn list(
    State(api): State<Arc<Api>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Listing>, ApiError> {
    let Path(content) = path?;
    let mut files = Vec::new();
    for path in files_of(&api, &content)? {
        let bytes = tokio::fs::metadata(&path).await.map_err(unreadable)?.len();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.push(Listed { name, bytes });
    }
    Ok(Json(Listing { files }))
}

/// `GET /v1/weights/{content}/{file}`.
pub(super) async fn file(
    State(api): State<Arc<Api>>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Response, ApiError> {
    let Path((content, name)) = path?;
    let is_it = |path: &PathBuf| path.file_name().is_some_and(|file| file.to_str() == Some(&name));
    let path = files_of(&api, &content)?.into_iter().find(is_it).ok_or_else(absent)?;
    let file = tokio::fs::File::open(&path).await.map_err(unreadable)?;
    let bytes = file.metadata().await.map_err(unreadable)?.len();
    let headers = [(CONTENT_TYPE, "application/octet-stream".to_owned()), (CONTENT_LENGTH, bytes.to_string())];
    Ok((headers, Body::from_stream(ReaderStream::with_capacity(file, 1 << 16))).into_response())
}

/// The files of the weights with this content that some persona of this daemon has.
fn files_of(api: &Api, content: &str) -> Result<Vec<PathBuf>, ApiError> {
    for speaker in api.app.speakers.all() {
        let character = speaker.character();
        let (key, spec) = (character.voice.model.key(), &character.persona.model);
        let files = if hex(key.content()) == content {
            checkpoint::files_of(&spec.path)
        } else if let Some(folder) =
            spec.adapter.as_ref().filter(|_| key.adapter().map(hex).as_deref() == Some(content))
        {
            checkpoint::files_of_adapter(folder)
        } else {
            continue;
        };
        return files.map_err(unreadable);
    }
    Err(absent())
}

fn absent() -> ApiError {
    ApiError::not_found("no persona of this daemon has such weights")
}

/// A path of this machine is nobody else's business.
fn unreadable(error: impl std::fmt::Display) -> ApiError {
    tracing::warn!(%error, "weights can't be handed to a worker");
    ApiError::internal()
}
