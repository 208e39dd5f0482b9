//! The HTTP API: what other programs ask of the personas. Its own routes, those of OpenAI's API, and the seed system's.
//!
//! What is asked goes the way of a message from a chat ([`crate::prompt`], [`crate::speech`], [`crate::reply`]), but for the store:
//! whoever asks brings the conversation along and keeps it.

mod admission;
mod ask;
mod caller;
mod count;
mod document;
mod error;
mod guard;
mod openai;
mod own;
mod pieces;
mod predict;
mod weights;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use axum::{Extension, Router};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use self::admission::Admission;
use self::guard::Gate;
use crate::app::App;
use crate::console::{self, Lobby};
use crate::http;
use crate::lifecycle::Lifecycle;
use crate::metrics::Looker;

#[cfg(test)]
pub(crate) use self::caller::Operator;
pub(crate) use self::caller::{Caller, Role};
pub(crate) use self::error::ApiError;
pub use self::guard::PREFIX;
pub(crate) use self::guard::{FRESH, Keys, Pace};

/// The longest body, in bytes: many times what fits a model's window.
const LONGEST_BODY: usize = 256 << 10;
/// How long a body may take to arrive.
const BODY_WITHIN: Duration = Duration::from_secs(15);

/// How much the API may do.
#[derive(Clone, Copy, Debug)]
pub struct ApiLimits {
    /// Replies in the making for it at once; more are turned away with 503.
    pub replies_at_once: usize,
}

/// What API and console are built from.
pub struct Parts {
    /// The daemon.
    pub app: Arc<App>,
    /// How much the API may do.
    pub limits: ApiLimits,
    /// What the console shows of the daemon's numbers and its health.
    pub looker: Arc<Looker>,
    /// Whether the console shows what is said in chats.
    pub console_texts: bool,
}

/// What every handler shares.
struct Api {
    app: Arc<App>,
    admission: Admission,
}

/// Starts to answer at a listener of its own: other programs, and the console's pages.
pub fn start(listener: TcpListener, parts: &Parts, lifecycle: &Lifecycle) {
    parts.app.api_open.store(true, Ordering::Relaxed);
    http::start_routes("api", listener, routes(parts, lifecycle.stopping()), lifecycle);
}

/// The routes of both.
fn routes(parts: &Parts, stopping: &CancellationToken) -> Router {
    let keys = Arc::new(Keys::new(Arc::clone(&parts.app.store)));
    let lobby = Arc::new(Lobby::new(Arc::clone(&parts.app), Arc::clone(&keys)));
    let console = console::routes(parts, Arc::clone(&lobby), stopping).layer(middleware::from_fn(guard::in_time));
    let gate = Arc::new(Gate { keys, lobby });
    own_routes(parts)
        .layer(middleware::from_fn(guard::in_time))
        .layer(middleware::from_fn(guard::let_in))
        .merge(console.layer(middleware::from_fn(console::admit)))
        .fallback(nowhere)
        .method_not_allowed_fallback(async || ApiError::method())
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(middleware::from_fn_with_state(gate, guard::identify))
        .layer(middleware::from_fn(console::harden))
        .layer(middleware::from_fn(count::count))
}

/// The API's.
fn own_routes(parts: &Parts) -> Router {
    let admission = Admission::new(parts.limits.replies_at_once);
    let api = Arc::new(Api { app: Arc::clone(&parts.app), admission });
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
        .route("/v1/weights/{content}", get(weights::list))
        .route("/v1/weights/{content}/{file}", get(weights::file))
        .with_state(api)
}

/// Strangers aren't told what there is.
async fn nowhere(Extension(caller): Extension<Caller>) -> ApiError {
    match caller.role {
        Role::Nobody(refusal) => refusal,
        Role::Visitor | Role::Operator(_) | Role::Key(_) => ApiError::not_found("there is no such path"),
    }
}
