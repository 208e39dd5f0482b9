//! The recorder of this process, and the text that Prometheus reads.

use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

use super::{Cache, Kind, OPERATIONS, cache_requests, counter, gauge, names};

/// How often what histograms were told is put into their buckets; until then each number is kept by itself.
const UPKEEP: Duration = Duration::from_secs(5);

/// Gives out what was counted.
#[derive(Clone)]
pub struct Exporter(PrometheusHandle);

/// Begins to count in this process.
///
/// # Errors
/// When something else counts already.
pub fn install() -> anyhow::Result<Exporter> {
    let mut builder = PrometheusBuilder::new();
    for metric in names::ALL {
        if let Kind::Histogram(bounds) = metric.kind {
            builder = builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), bounds)?;
        }
    }
    let recorder = builder.build_recorder();
    let exporter = Exporter(recorder.handle());
    ::metrics::set_global_recorder(recorder).ok().context("metrics are recorded already")?;
    describe();
    begin();
    Ok(exporter)
}

fn describe() {
    for metric in names::ALL {
        match metric.kind {
            Kind::Counter => ::metrics::describe_counter!(metric.name, metric.help),
            Kind::Gauge => ::metrics::describe_gauge!(metric.name, metric.help),
            Kind::Histogram(_) => ::metrics::describe_histogram!(metric.name, metric.help),
        }
    }
}

/// What doesn't hang on a persona begins at zero.
fn begin() {
    gauge(&names::BUILD, &[("version", env!("CARGO_PKG_VERSION"))]).set(1.0);
    for operation in OPERATIONS {
        counter(&names::DATABASE_ERRORS, &[("operation", operation)]).increment(0);
    }
    super::answered(super::NO_ROUTE, None);
    gauge(&names::API_REPLIES, &[]).set(0.0);
    for cache in Cache::ALL {
        for result in ["hit", "miss"] {
            cache_requests(cache, result).increment(0);
        }
    }
}

impl Exporter {
    /// Everything, in Prometheus' text format.
    pub(super) fn render(&self) -> String {
        self.0.render()
    }

    /// Keeps memory bounded while nobody asks, until the daemon stops.
    pub(super) async fn keep(self, stopping: CancellationToken) {
        let mut ticker = tokio::time::interval(UPKEEP);
        loop {
            tokio::select! {
                _ = ticker.tick() => self.0.run_upkeep(),
                () = stopping.cancelled() => return,
            }
        }
    }
}
