//! Live manifests: reads them anew and brings the running daemon to what they say, or leaves everything as it is.
//!
//! New weights are loaded beside the old ones; the old ones go when the last reply that was made with them is there. One
//! reload at a time: a second one waits, and then reads what is there by then. Whoever asks for it by SIGHUP has the log's filter
//! read again, too.

mod watch;

use std::sync::Arc;
use std::time::Duration;

use maskarad_engine::{Engine, ModelKey};
use tokio::signal::unix::Signal;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::config::problem::Problems;
use crate::daemon::{Changes, Fleet};
use crate::live::Character;
use crate::supervisor::Supervisor;

pub use self::watch::Watch;

/// How often whoever waits for the last reply of a former character looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Reads manifests and loads what they name; blocking.
pub type Read = dyn Fn() -> Result<Vec<Character>, Problems> + Send + Sync;

/// Reloads manifests.
pub struct Reloader {
    engine: Engine,
    fleet: Arc<Fleet>,
    read: Arc<Read>,
    one_at_a_time: Mutex<()>,
}

impl Reloader {
    /// Of this fleet, whose manifests `read` reads.
    pub fn new(engine: Engine, fleet: Arc<Fleet>, read: Arc<Read>) -> Arc<Self> {
        Arc::new(Self { engine, fleet, read, one_at_a_time: Mutex::default() })
    }

    /// Brings the daemon to what the manifests say now. Returns when everything new is in place; weights that nobody needs
    /// any more go a little later.
    ///
    /// # Errors
    /// Everything that is wrong with manifests and checkpoints; then nothing was changed.
    pub async fn reload(self: &Arc<Self>) -> Result<Changes, Problems> {
        let _one_at_a_time = self.one_at_a_time.lock().await;
        let read = Arc::clone(&self.read);
        let characters = match tokio::task::spawn_blocking(move || read()).await {
            Ok(characters) => characters?,
            Err(error) => {
                tracing::error!(%error, "reading the manifests died");
                return Ok(Changes::default());
            }
        };
        let mut changes = self.fleet.reload(characters).await;
        let retired = std::mem::take(&mut changes.retired);
        if !retired.is_empty() {
            tokio::spawn(Arc::clone(self).forget(retired));
        }
        Ok(changes)
    }

    /// Waits for the last replies of former characters, then forgets their weights where nobody else has them.
    async fn forget(self: Arc<Self>, retired: Vec<Arc<Character>>) {
        for character in retired {
            while Arc::strong_count(&character) > 1 {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            let key: ModelKey = character.voice.model.key();
            // Within the lock, so that no reload takes up these very weights meanwhile.
            let _one_at_a_time = self.one_at_a_time.lock().await;
            if !self.fleet.models().await.contains(&key) && self.engine.unload(&key).is_some() {
                tracing::info!(persona = %character.persona.name, model = %key, "former weights are gone");
            }
        }
    }

    /// Reloads at each SIGHUP, after `log` has read the settings of the log, and whenever the watch sees a change, until the
    /// daemon stops.
    pub async fn run(
        self: Arc<Self>,
        (mut hangups, mut watch): (Signal, Option<Watch>),
        log: Arc<dyn Fn() + Send + Sync>,
        supervisor: Supervisor,
        stopping: CancellationToken,
    ) {
        loop {
            let asked = tokio::select! {
                _ = hangups.recv() => true,
                () = changed(&mut watch) => false,
                () = stopping.cancelled() => return,
            };
            supervisor.reloading();
            if asked {
                let log = Arc::clone(&log);
                let _ = tokio::task::spawn_blocking(move || log()).await;
            }
            self.told().await;
            supervisor.ready(&self.fleet).await;
        }
    }

    async fn told(self: &Arc<Self>) {
        match self.reload().await {
            Ok(changes) if changes.is_nothing() => tracing::info!("reloaded: nothing has changed"),
            Ok(changes) => {
                let [added, changed, restarted, removed] =
                    [&changes.added, &changes.changed, &changes.restarted, &changes.removed]
                        .map(|names| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
                tracing::info!(added, changed, restarted, removed, "reloaded");
            }
            Err(problems) => {
                tracing::error!(%problems, "the manifests are refused as a whole; everybody goes on as before");
            }
        }
    }
}

async fn changed(watch: &mut Option<Watch>) {
    match watch {
        Some(watch) => watch.changed().await,
        None => std::future::pending().await,
    }
}
