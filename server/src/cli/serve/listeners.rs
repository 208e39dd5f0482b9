//! Where the daemon listens: for webhooks and questions after its health, for Prometheus, for the API. All are bound before
//! anything is served, so that an address that is taken is told at once.

use std::sync::Arc;

use maskarad_engine::Engine;
use tokio::net::TcpListener;

use crate::api::{self, ApiLimits, Keys};
use crate::app::App;
use crate::config::daemon::DaemonConfig;
use crate::http;
use crate::lifecycle::Lifecycle;
use crate::metrics::{self, Exporter, Scrape};
use crate::telegram::webhook::Doors;

/// Listeners that nobody answers yet.
pub(super) struct Listeners {
    public: Option<TcpListener>,
    metrics: Option<(TcpListener, Exporter)>,
    api: Option<(TcpListener, ApiLimits)>,
}

impl Listeners {
    /// Binds whatever the settings name.
    pub(super) async fn bind(config: &DaemonConfig, exporter: Option<Exporter>) -> anyhow::Result<Self> {
        let public = match config.listen {
            Some(address) => Some(http::bind(address).await?),
            None => None,
        };
        let metrics = match (config.metrics_listen, exporter) {
            (Some(address), Some(exporter)) => Some((http::bind_for("http.metrics_listen", address).await?, exporter)),
            _ => None,
        };
        let limits = ApiLimits { replies_at_once: config.api_replies };
        let api = match config.api_listen {
            Some(address) => Some((http::bind_for("http.api_listen", address).await?, limits)),
            None => None,
        };
        Ok(Self { public, metrics, api })
    }

    /// Starts to answer at all of them.
    pub(super) fn start(self, app: &Arc<App>, engine: &Engine, doors: Arc<Doors>, lifecycle: &Lifecycle) {
        if let Some(listener) = self.public {
            http::start(listener, app, doors, lifecycle);
        }
        if let Some((listener, exporter)) = self.metrics {
            let scrape = Scrape { app: Arc::clone(app), engine: engine.clone(), exporter };
            metrics::start(listener, scrape, lifecycle);
        }
        if let Some((listener, limits)) = self.api {
            let keys = Arc::new(Keys::new(Arc::clone(&app.store)));
            api::start(listener, app, keys, limits, lifecycle);
        }
    }
}
