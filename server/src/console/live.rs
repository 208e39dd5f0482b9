//! How the daemon is: its state, what went wrong lately, where it is lively, and its numbers as Prometheus reads them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use crate::api::ApiError;
use crate::app::App;
use crate::metrics::{Looker, TEXT};
use crate::store::{BusyChat, FailedJob};

/// Failures that are told.
const FAILURES: u32 = 50;
/// Chats that are told.
const BUSIEST: u32 = 20;

struct Desk {
    app: Arc<App>,
    looker: Arc<Looker>,
}

/// The routes.
pub(super) fn routes(app: &Arc<App>, looker: &Arc<Looker>) -> Router {
    let desk = Arc::new(Desk { app: Arc::clone(app), looker: Arc::clone(looker) });
    Router::new().route("/console/live", get(live)).route("/console/metrics", get(metrics)).with_state(desk)
}

async fn live(State(desk): State<Arc<Desk>>) -> Result<Json<Value>, ApiError> {
    let mut status = desk.looker.status().await;
    let now = desk.app.clock.now();
    let errors = desk.app.store.failed_jobs(FAILURES).await?;
    let chats = desk.app.store.busiest_chats(now, BUSIEST).await?;
    if let Some(fields) = status.as_object_mut() {
        fields.insert("errors".to_owned(), errors.iter().map(failure).collect());
        fields.insert("chats".to_owned(), chats.iter().map(chat).collect());
    }
    Ok(Json(status))
}

fn failure(job: &FailedJob) -> Value {
    json!({
        "at": job.at.format(&Rfc3339).ok(), "persona": job.key.persona, "transport": job.key.transport.as_str(),
        "chat": job.key.chat.0, "outcome": job.outcome.as_str(), "reason": job.reason,
    })
}

fn chat(chat: &BusyChat) -> Value {
    json!({
        "persona": chat.key.persona, "transport": chat.key.transport.as_str(), "chat": chat.key.chat.0,
        "title": chat.title, "kind": chat.kind, "messages_hour": chat.hour, "messages_day": chat.day,
        "last_at": chat.last_at.format(&Rfc3339).ok(),
    })
}

async fn metrics(State(desk): State<Arc<Desk>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, TEXT)], desk.looker.text().await)
}
