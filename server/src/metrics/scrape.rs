//! `GET /metrics`: what is counted as it happens, and beside it what is looked up only when somebody asks.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use maskarad_engine::Engine;
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::workers::Crew;
use super::{Exporter, gauge, names};
use crate::app::App;
use crate::health::Health;
use crate::http;
use crate::lifecycle::Lifecycle;
use crate::standing::Standing;
use crate::store::Backlog;
use crate::usage;

/// The version of the text format.
pub(crate) const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Looks at the daemon for whoever wants its numbers.
pub struct Looker {
    app: Arc<App>,
    engine: Engine,
    exporter: Exporter,
    health: Arc<Health>,
    crew: Crew,
    up_since: Instant,
}

/// Starts to answer Prometheus at a listener of its own.
pub fn start(listener: TcpListener, looker: Arc<Looker>, lifecycle: &Lifecycle) {
    let routes = Router::new().route("/metrics", get(answer)).with_state(looker);
    http::start_routes("metrics", listener, routes, lifecycle);
}

async fn answer(State(looker): State<Arc<Looker>>) -> impl IntoResponse {
    ([(CONTENT_TYPE, TEXT)], looker.text().await)
}

impl Looker {
    /// Looks at this daemon until it stops.
    pub fn start(app: &Arc<App>, engine: Engine, exporter: Exporter, lifecycle: &Lifecycle) -> Arc<Self> {
        let health = Health::new(Arc::clone(app));
        lifecycle.spawn("metrics database", Arc::clone(&health).run(lifecycle.stopping().clone()));
        lifecycle.spawn("metrics upkeep", exporter.clone().keep(lifecycle.stopping().clone()));
        let (crew, up_since) = (Crew::default(), Instant::now());
        Arc::new(Self { app: Arc::clone(app), engine, exporter, health, crew, up_since })
    }

    /// Everything, in Prometheus' text format.
    pub(crate) async fn text(&self) -> String {
        self.look().await;
        self.exporter.render()
    }

    /// What `/status` says.
    pub(crate) async fn status(&self) -> serde_json::Value {
        self.health.told().await
    }

    async fn look(&self) {
        let Self { app, engine, .. } = self;
        gauge(&names::UPTIME, &[]).set(self.up_since.elapsed().as_secs_f64());
        gauge(&names::WEIGHTS, &[]).set(engine.weights_memory() as f64);
        gauge(&names::KV_LIMIT, &[]).set(engine.config().kv_memory as f64);
        if let Some(bytes) = usage::resident_memory() {
            gauge(&names::MEMORY, &[]).set(bytes as f64);
        }
        personas(app);
        if let Some(elsewhere) = app.generator.elsewhere() {
            self.crew.look(&elsewhere);
        }
        let backlog = self.health.backlog().await;
        gauge(&names::DATABASE_UP, &[]).set(f64::from(u8::from(backlog.is_some())));
        // Of a database that is away the last that was known stays.
        if let Some(backlog) = backlog {
            waiting(app, &backlog);
        }
    }
}

fn personas(app: &App) {
    let standings = app.standings.all();
    for standing in Standing::ALL {
        let count = standings.values().filter(|report| report.state == standing).count();
        gauge(&names::PERSONAS, &[("standing", standing.as_str())]).set(count as f64);
    }
    for (persona, report) in &standings {
        let up = u8::from(report.state.is_serving());
        gauge(&names::PERSONA_UP, &[("persona", persona.as_str())]).set(f64::from(up));
    }
    for speaker in app.speakers.all() {
        let persona = ("persona", speaker.name.as_str());
        gauge(&names::PERSONA_KV, &[persona]).set(speaker.usage.kv_bytes() as f64);
        if let Some(speed) = speaker.usage.tokens_per_second() {
            gauge(&names::PERSONA_SPEED, &[persona]).set(speed);
        }
    }
}

fn waiting(app: &App, backlog: &Backlog) {
    let states = [
        ("pending", backlog.directed + backlog.ambient),
        ("running", backlog.running),
        ("ready", backlog.ready),
        ("sending", backlog.sending),
    ];
    for (state, count) in states {
        gauge(&names::JOBS, &[("state", state)]).set(count as f64);
    }
    gauge(&names::UNROUTED, &[]).set(backlog.unrouted as f64);
    let waited = backlog.oldest.map_or(0.0, |oldest| (app.clock.now() - oldest).as_seconds_f64().max(0.0));
    gauge(&names::OLDEST, &[]).set(waited);
}
