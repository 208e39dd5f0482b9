//! Health for whoever watches the daemon: `GET /healthz` says that it lives, `GET /readyz` whether it can serve, and why not.

mod report;
mod watch;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use tokio_util::sync::CancellationToken;

use self::report::{Report, Seen, Status};
use self::watch::{Answer, Watch};
use crate::app::App;
use crate::store::Backlog;

/// Knows how the daemon is.
pub struct Health {
    app: Arc<App>,
    store: Watch,
}

impl Health {
    /// Of this daemon.
    pub fn new(app: Arc<App>) -> Arc<Self> {
        Arc::new(Self { app, store: Watch::new() })
    }

    /// Asks the store for those who want to know, until the daemon stops.
    pub async fn run(self: Arc<Self>, stopping: CancellationToken) {
        self.store.run(Arc::clone(&self.app.store), stopping).await;
    }

    /// How much waits in the store; `None` where it doesn't answer.
    pub async fn backlog(&self) -> Option<Backlog> {
        match self.store.answer().await {
            Answer::There(backlog) => Some(backlog),
            Answer::Away(..) => None,
        }
    }

    async fn report(&self) -> Report {
        report::report(Seen {
            store: self.store.answer().await,
            writing: self.app.store.writing(),
            engine_alive: self.app.generator.is_alive(),
            full: self.app.load.is_full(),
            flooded: self.app.load.is_flooded(),
            personas: self.app.standings.all(),
        })
    }
}

/// The routes. They are meant for this machine: no proxy should pass them on.
pub fn routes(health: Arc<Health>) -> Router {
    Router::new().route("/healthz", get(async || "alive\n")).route("/readyz", get(ready)).with_state(health)
}

async fn ready(State(health): State<Arc<Health>>) -> (StatusCode, Json<Report>) {
    let report = health.report().await;
    let able = report.status != Status::Unavailable;
    (if able { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(report))
}
