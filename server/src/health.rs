//! Health for whoever watches the daemon: `GET /healthz` says that it lives, `GET /readyz` whether it can serve, and why not;
//! `GET /status` adds what each persona has done and takes, for `maskarad status`.

mod report;
mod status;
mod watch;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use self::report::{Report, Seen, Status};
use self::status::{SeenBesides, Usage, Weights};
use self::watch::{Answer, Watch};
use crate::app::App;
use crate::chat::PersonaName;
use crate::store::{Backlog, Tally};
use crate::usage;

/// How long tallies are believed: counting them reads a day of jobs.
const FRESH: Duration = Duration::from_secs(2);
/// How long they are waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// Knows how the daemon is.
pub struct Health {
    app: Arc<App>,
    store: Watch,
    since: Instant,
    /// The last tallies. Whoever asks while they are counted waits, so that they are never counted twice at once.
    tallies: Mutex<Option<(Instant, Vec<Tally>)>>,
}

impl Health {
    /// Of this daemon.
    pub fn new(app: Arc<App>) -> Arc<Self> {
        Arc::new(Self { app, store: Watch::new(), since: Instant::now(), tallies: Mutex::default() })
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

    async fn report(&self) -> (Report, bool) {
        let store = self.store.answer().await;
        let there = matches!(store, Answer::There(_));
        let report = report::report(Seen {
            store,
            writing: self.app.store.writing(),
            engine_alive: self.app.generator.is_alive(),
            api_open: self.app.api_open.load(Ordering::Relaxed),
            full: self.app.load.is_full(),
            flooded: self.app.load.is_flooded(),
            personas: self.app.standings.all(),
        });
        (report, there)
    }

    /// What `/status` says.
    pub(crate) async fn told(&self) -> serde_json::Value {
        serde_json::json!(self.status().await)
    }

    async fn status(&self) -> status::Status {
        let (report, there) = self.report().await;
        let counting = async { if there { self.tallies().await } else { None } };
        let tallies = tokio::time::timeout(PATIENCE, counting).await.unwrap_or_default();
        let (weights, usages) = (self.weights(), self.usages());
        let (up, resident) = (self.since.elapsed(), usage::resident_memory());
        let elsewhere = self.app.generator.elsewhere();
        status::status(report, SeenBesides { up, resident, weights, usages, tallies, elsewhere })
    }

    async fn tallies(&self) -> Option<Vec<Tally>> {
        let mut known = self.tallies.lock().await;
        if let Some((_, tallies)) = known.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            return Some(tallies.clone());
        }
        match self.app.store.tallies(self.app.clock.now()).await {
            Ok(tallies) => Some(known.insert((Instant::now(), tallies)).1.clone()),
            Err(error) => {
                tracing::warn!(%error, "what the personas have done can't be counted");
                None
            }
        }
    }

    fn weights(&self) -> BTreeMap<PersonaName, Weights> {
        let weights = self.app.speakers.all().into_iter().map(|speaker| {
            let model = &speaker.character().voice.model;
            let base = model.key().base().to_string();
            let weights = Weights { base, base_bytes: model.memory(), adapter_bytes: model.adapter_memory() };
            (speaker.name.clone(), weights)
        });
        weights.collect()
    }

    fn usages(&self) -> BTreeMap<PersonaName, Usage> {
        let usages = self.app.speakers.all().into_iter().map(|speaker| {
            let (kv_bytes, tokens_per_second) = (speaker.usage.kv_bytes(), speaker.usage.tokens_per_second());
            (speaker.name.clone(), Usage { kv_bytes, tokens_per_second })
        });
        usages.collect()
    }
}

/// The routes. They are meant for this machine: no proxy should pass them on.
pub fn routes(health: Arc<Health>) -> Router {
    let alive = get(async || "alive\n");
    Router::new()
        .route("/healthz", alive)
        .route("/readyz", get(ready))
        .route("/status", get(everything))
        .with_state(health)
}

async fn ready(State(health): State<Arc<Health>>) -> (StatusCode, Json<Report>) {
    let (report, _) = health.report().await;
    let able = report.status != Status::Unavailable;
    (if able { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(report))
}

/// Always 200: whoever asks wants to know, and reads the answer.
async fn everything(State(health): State<Arc<Health>>) -> Json<status::Status> {
    Json(health.status().await)
}
