//! Where the daemon listens: for webhooks and questions after its health, for Prometheus, for the API. All are bound before
//! anything is served, so that an address that is taken is told at once.

use std::sync::Arc;

use maskarad_engine::Engine;
use tokio::net::TcpListener;

use crate::api::{self, ApiLimits};
use crate::app::App;
use crate::config::daemon::DaemonConfig;
use crate::http;
use crate::lifecycle::Lifecycle;
use crate::metrics::{self, Exporter, Looker};
use crate::telegram::webhook::Doors;

/// Listeners that nobody answers yet.
pub(super) struct Listeners {
    public: Option<TcpListener>,
    metrics: Option<TcpListener>,
    api: Option<(TcpListener, ApiLimits)>,
    exporter: Option<Exporter>,
    console_texts: bool,
}

impl Listeners {
    /// Binds whatever the settings name.
    pub(super) async fn bind(config: &DaemonConfig, exporter: Option<Exporter>) -> anyhow::Result<Self> {
        let public = match config.listen {
            Some(address) => Some(http::bind(address).await?),
            None => None,
        };
        let metrics = match config.metrics_listen {
            Some(address) => Some(http::bind_for("http.metrics_listen", address).await?),
            None => None,
        };
        let limits = ApiLimits { replies_at_once: config.api_replies };
        let api = match config.api_listen {
            Some(address) => Some((http::bind_for("http.api_listen", address).await?, limits)),
            None => None,
        };
        Ok(Self { public, metrics, api, exporter, console_texts: config.console_texts })
    }

    /// Starts to answer at all of them.
    pub(super) fn start(self, app: &Arc<App>, engine: &Engine, doors: Arc<Doors>, lifecycle: &Lifecycle) {
        if let Some(listener) = self.public {
            http::start(listener, app, doors, lifecycle);
        }
        // Without a listener that shows them, nothing is counted.
        let Some(exporter) = self.exporter else { return };
        let looker = Looker::start(app, engine.clone(), exporter, lifecycle);
        if let Some(listener) = self.metrics {
            metrics::start(listener, Arc::clone(&looker), lifecycle);
        }
        if let Some((listener, limits)) = self.api {
            let parts = api::Parts { app: Arc::clone(app), limits, looker, console_texts: self.console_texts };
            api::start(listener, &parts, lifecycle);
        }
    }
}
