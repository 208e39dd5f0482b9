//! Logging in and out, and what a page may know of itself.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use cookie::Cookie;
use serde::{Deserialize, Serialize};

use super::lobby::Lobby;
use super::seal;
use crate::api::{ApiError, Caller, Role};
use crate::app::App;
use crate::store::{AuditAction, NewAuditEntry};

/// What the handlers of log-ins share.
struct Desk {
    app: Arc<App>,
    lobby: Arc<Lobby>,
    texts: bool,
}

/// The routes.
pub(super) fn routes(app: &Arc<App>, lobby: Arc<Lobby>, texts: bool) -> Router {
    let desk = Arc::new(Desk { app: Arc::clone(app), lobby, texts });
    Router::new()
        .route("/console/session", get(session))
        .route("/console/login", post(log_in))
        .route("/console/logout", post(log_out))
        .with_state(desk)
}

#[derive(Serialize)]
struct SessionView {
    role: &'static str,
    /// What the header of a change must hold.
    csrf: String,
    version: &'static str,
    text_in_live: bool,
}

async fn session(State(desk): State<Arc<Desk>>, Extension(caller): Extension<Caller>) -> Json<SessionView> {
    let (role, csrf) = match caller.role {
        Role::Nobody(_) | Role::Key(_) => ("none", String::new()),
        Role::Visitor => ("visitor", "visitor".to_owned()),
        Role::Operator(operator) => ("operator", operator.csrf),
    };
    Json(SessionView { role, csrf, version: env!("CARGO_PKG_VERSION"), text_in_live: desk.texts })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LogIn {
    #[serde(default)]
    link: Option<String>,
    #[serde(default)]
    key: Option<String>,
}

async fn log_in(
    State(desk): State<Arc<Desk>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    request: Result<Json<LogIn>, JsonRejection>,
) -> Result<Response, ApiError> {
    // What was sent isn't told, for it may be a secret.
    let Json(request) = request.map_err(|_| ApiError::unreadable("send {\"link\": …} or {\"key\": …}"))?;
    let secret = match (&request.link, &request.key) {
        (Some(secret), None) | (None, Some(secret)) => secret.trim(),
        _ => return Err(ApiError::invalid("link", "send either a link's secret or a key")),
    };
    let (name, mut cookie) = desk.lobby.log_in(secret, &caller.address).await?;
    let encrypted = headers.get("x-forwarded-proto").is_some_and(|proto| proto.as_bytes() == b"https");
    cookie.set_secure(encrypted);
    desk.note(AuditAction::Login, format!("{name} {}", caller.address)).await?;
    Ok(answer(&cookie))
}

async fn log_out(State(desk): State<Arc<Desk>>, Extension(caller): Extension<Caller>) -> Result<Response, ApiError> {
    desk.note(AuditAction::Logout, caller.who()).await?;
    Ok(answer(&seal::forgotten()))
}

fn answer(cookie: &Cookie<'_>) -> Response {
    (StatusCode::NO_CONTENT, [(SET_COOKIE, cookie.to_string())]).into_response()
}

impl Desk {
    async fn note(&self, action: AuditAction, who: String) -> Result<(), ApiError> {
        Ok(self.app.store.note(&NewAuditEntry::new(self.app.clock.now(), who, action)).await?)
    }
}
