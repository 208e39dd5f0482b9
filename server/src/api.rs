//! The HTTP API: what other programs ask of the personas. Its own routes, those of OpenAI's API, and the seed system's.
//!
//! What is asked goes the way of a message from a chat ([`crate::prompt`], [`crate::speech`], [`crate::reply`]), but for the store:
//! whoever asks brings the conversation along and keeps it.

mod admission;
mod ask;
mod document;
mod error;
mod guard;
mod openai;
mod own;
mod pieces;
mod predict;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use tokio::net::TcpListener;

use self::admission::Admission;
use crate::app::App;
use crate::http;
use crate::lifecycle::Lifecycle;

pub use self::guard::{Keys, PREFIX};

/// The longest body, in bytes: many times what fits a model's window.
const LONGEST_BODY: usize = 256 << 10;
/// How long a body may take to arrive.
const BODY_WITHIN: Duration = Duration::from_secs(15);

/// What the API is built from.
#[derive(Clone, Copy, Debug)]
pub struct ApiLimits {
    /// Replies in the making for it at once; more are turned away with 503.
    pub replies_at_once: usize,
}

/// What every handler shares.
struct Api {
    app: Arc<App>,
    admission: Admission,
}

/// Starts to answer at a listener of its own.
pub fn start(listener: TcpListener, app: &Arc<App>, keys: Arc<Keys>, limits: ApiLimits, lifecycle: &Lifecycle) {
    app.api_open.store(true, Ordering::Relaxed);
    http::start_routes("api", listener, routes(app, keys, limits), lifecycle);
}

/// The routes.
pub fn routes(app: &Arc<App>, keys: Arc<Keys>, limits: ApiLimits) -> Router {
    let api = Arc::new(Api { app: Arc::clone(app), admission: Admission::new(limits.replies_at_once) });
    Router::new()
        .route("/openapi.json", get(document::document))
        .route("/v1/personas", get(own::personas))
        .route("/v1/personas/{name}/reply", post(own::reply))
        .route("/v1/personas/{name}/prompt", post(own::prompt))
        .route("/v1/models", get(openai::models))
        .route("/v1/models/{name}", get(openai::model))
        .route("/v1/chat/completions", post(openai::chat))
        .route("/v1/completions", post(openai::completions))
        .route("/predict", post(predict::predict))
        .fallback(async || error::ApiError::not_found("there is no such path"))
        .method_not_allowed_fallback(async || error::ApiError::method())
        .layer(middleware::from_fn(guard::in_time))
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(middleware::from_fn_with_state(keys, guard::guard))
        .with_state(api)
}
