//! How much waits, against how much may: watches the store, sheds what matters least, and says when there is no more room.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::store::{self, Backlog};

/// How often the store is asked.
const EVERY: Duration = Duration::from_secs(3);

/// How much may wait, over all personas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Messages of those who addressed a persona; more are turned away, and told so.
    pub directed: u64,
    /// Messages that nobody meant for a persona; of more the oldest go.
    pub ambient: u64,
    /// Updates that nobody has looked at; beyond, no more are fetched, and they wait with their transport.
    pub unrouted: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { directed: 100_000, ambient: 20_000, unrouted: 500_000 }
    }
}

/// Whether there is room, as of the last look.
#[derive(Debug, Default)]
pub struct Load {
    full: AtomicBool,
    flooded: AtomicBool,
}

impl Load {
    /// Whether no more jobs may be written.
    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// Whether no more updates may be fetched.
    pub fn is_flooded(&self) -> bool {
        self.flooded.load(Ordering::Relaxed)
    }

    fn note(&self, backlog: &Backlog, bounds: &Bounds) {
        let full = backlog.directed >= bounds.directed;
        if full != self.full.swap(full, Ordering::Relaxed) {
            tracing::warn!(
                waiting = backlog.directed,
                bound = bounds.directed,
                full,
                "messages that wait for an answer"
            );
        }
        let flooded = backlog.unrouted >= bounds.unrouted;
        if flooded != self.flooded.swap(flooded, Ordering::Relaxed) {
            tracing::warn!(
                waiting = backlog.unrouted,
                bound = bounds.unrouted,
                flooded,
                "updates that wait to be routed"
            );
        }
    }
}

/// Watches until the daemon stops, which a database that hangs doesn't hold up.
pub async fn run(app: Arc<App>, stopping: CancellationToken) {
    let watching = async {
        loop {
            tokio::time::sleep(EVERY).await;
            if let Err(error) = look(&app).await {
                tracing::debug!(%error, "how much waits can't be asked");
            }
        }
    };
    stopping.run_until_cancelled(watching).await;
}

/// One look. Two daemons on one database both look; shedding twice takes no more than shedding once.
async fn look(app: &App) -> store::Result<()> {
    let bounds = app.limits.bounds;
    let backlog = app.store.backlog().await?;
    app.load.note(&backlog, &bounds);
    let excess = backlog.ambient.saturating_sub(bounds.ambient);
    if excess > 0 {
        let shed = app.store.shed(excess, app.clock.now()).await?;
        tracing::warn!(
            shed,
            waiting = backlog.ambient,
            bound = bounds.ambient,
            "too much waits; the oldest that nobody asked for goes"
        );
    }
    Ok(())
}
