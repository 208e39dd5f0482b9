//! How the daemon is: its state, what went wrong lately, where it is lively, and its numbers as Prometheus reads them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::app::App;
use crate::metrics::{Looker, TEXT};
use crate::store::{self, BusyChat, FailedJob};

/// Failures that are told.
const FAILURES: u32 = 50;
/// Chats that are told.
const BUSIEST: u32 = 20;
/// How long what was looked up is believed: counting a day's messages is work, and several pages may ask at once.
const FRESH: Duration = Duration::from_secs(2);
/// How long the store is waited for. Without it the rest is told all the same: that is when somebody looks.
const PATIENCE: Duration = Duration::from_secs(3);

struct Desk {
    app: Arc<App>,
    looker: Arc<Looker>,
    /// Failures and chats as they were last. Whoever asks while they are looked up waits, so that nothing is counted twice at once.
    seen: Mutex<Option<(Instant, Seen)>>,
}

/// What was looked up in the store.
#[derive(Clone)]
struct Seen {
    errors: Value,
    chats: Value,
}

/// The routes.
pub(super) fn routes(app: &Arc<App>, looker: &Arc<Looker>) -> Router {
    let desk = Desk { app: Arc::clone(app), looker: Arc::clone(looker), seen: Mutex::default() };
    Router::new().route("/console/live", get(live)).route("/console/metrics", get(metrics)).with_state(Arc::new(desk))
}

async fn live(State(desk): State<Arc<Desk>>) -> Json<Value> {
    let (mut status, seen) = tokio::join!(desk.looker.status(), timeout(PATIENCE, desk.seen()));
    let Seen { errors, chats } = seen.ok().flatten().unwrap_or(Seen { errors: json!([]), chats: json!([]) });
    if let Some(fields) = status.as_object_mut() {
        fields.extend([("errors".to_owned(), errors), ("chats".to_owned(), chats)]);
    }
    Json(status)
}

impl Desk {
    async fn seen(&self) -> Option<Seen> {
        let mut known = self.seen.lock().await;
        if let Some((_, seen)) = known.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            return Some(seen.clone());
        }
        match self.look().await {
            Ok(seen) => Some(known.insert((Instant::now(), seen)).1.clone()),
            Err(error) => {
                tracing::warn!(%error, "what goes on in chats can't be looked up for the console");
                None
            }
        }
    }

    async fn look(&self) -> store::Result<Seen> {
        let store = &self.app.store;
        let errors = store.failed_jobs(FAILURES).await?.iter().map(failure).collect();
        let chats = store.busiest_chats(self.app.clock.now(), BUSIEST).await?.iter().map(chat).collect();
        Ok(Seen { errors, chats })
    }
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
