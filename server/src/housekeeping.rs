//! What must be done now and then: pruning what is too old.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::store::Retention;

/// How often.
const EVERY: Duration = Duration::from_secs(3600);

/// Prunes once an hour until the daemon stops.
pub async fn run(app: Arc<App>, retention: Retention, stopping: CancellationToken) {
    let mut ticker = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            _ = ticker.tick() => {}
            () = stopping.cancelled() => return,
        }
        match app.store.prune(&retention, app.clock.now()).await {
            Ok(pruned) => tracing::info!(
                messages = pruned.messages,
                updates = pruned.updates,
                jobs = pruned.jobs,
                "pruned what was too old"
            ),
            Err(error) => tracing::warn!(%error, "nothing could be pruned; trying again in an hour"),
        }
    }
}
