//! The worker's end: connects to the broker, keeps the weights that daemons ask for, and makes what they want made.
//!
//! It holds nothing that could be lost: a job is acknowledged once its result is safe on the broker, and the broker gives it
//! to somebody else where this worker dies first.

mod duty;
mod fetch;
mod index;
mod session;
mod shelf;
mod under_way;
mod wanted;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use maskarad_engine::{Engine, ModelKey};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use self::session::Session;
use self::shelf::Shelf;
use self::wanted::{Bases, Wanted};
use super::broker::{self, BrokerConfig, BrokerError};
use super::protocol::{Hello, UNDERSTANDS};
use super::topology;
use crate::backoff::Backoff;
use crate::clock::Dice;
use crate::lifecycle::DRAIN;

pub use self::fetch::Source;

/// How soon weights are tried again that could not be taken.
const TRY_AGAIN: Duration = Duration::from_secs(15);

/// What a worker needs to know.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// Where jobs come from.
    pub broker: BrokerConfig,
    /// What people call it.
    pub name: String,
    /// Its own number, another at each start.
    pub id: String,
    /// Folders in which checkpoints and adapters are looked for.
    pub models: Vec<PathBuf>,
    /// Where weights are fetched that are in none of them.
    pub source: Option<Source>,
    /// Where fetched weights are kept.
    pub fetched: PathBuf,
    /// Bytes that all weights together may take.
    pub memory: usize,
}

/// What all of a worker shares, from connection to connection.
pub(crate) struct Worker {
    config: WorkerConfig,
    engine: Engine,
    shelf: Shelf,
    tokens: AtomicU64,
    wanted: Mutex<Wanted>,
    /// What the shelf is to hold.
    bases: watch::Sender<Bases>,
}

/// Works until `stopping`, and then finishes what is under way. Returns whether all of it was finished in time.
pub async fn run(config: WorkerConfig, engine: Engine, dice: Dice, stopping: CancellationToken) -> bool {
    let shelf = Shelf::new(&config, engine.clone());
    let (tokens, wanted, bases) = Default::default();
    let worker = Arc::new(Worker { config, engine, shelf, tokens, wanted, bases });
    let _keeper = AbortOnDropHandle::new(tokio::spawn(Arc::clone(&worker).keep_shelf()));
    let mut backoff = Backoff::new(Duration::from_millis(500), super::RECONNECT_WITHIN);
    while !stopping.is_cancelled() {
        let error = match connect(&worker).await {
            Ok(mut session) => {
                tracing::info!(name = worker.config.name, "connected; waiting for jobs");
                backoff.reset();
                tokio::select! {
                    error = session.serve() => error,
                    () = stopping.cancelled() => return session.leave(DRAIN).await,
                }
            }
            Err(error) => error,
        };
        let wait = backoff.next(&dice);
        tracing::warn!(%error, ?wait, "the broker is away; connecting again");
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stopping.cancelled() => {}
        }
    }
    true
}

async fn connect(worker: &Arc<Worker>) -> Result<Session, BrokerError> {
    let link = broker::connect(&worker.config.broker, &format!("maskarad worker {}", worker.config.name)).await?;
    link.answer(topology::declare_worker(&link.channel, &worker.config.id)).await?;
    Session::open(Arc::clone(worker), link).await
}

impl Worker {
    /// A daemon told which models it may send jobs for.
    fn wanted(&self, daemon: String, models: Vec<ModelKey>) {
        let mut wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner);
        if wanted.told(daemon, models, Instant::now()) {
            self.bases.send_replace(wanted.bases());
        }
    }

    /// Brings the shelf to what is wanted, and tries again where it could not.
    async fn keep_shelf(self: Arc<Self>) {
        let mut bases = self.bases.subscribe();
        loop {
            tokio::select! {
                changed = bases.changed() => if changed.is_err() { return },
                () = tokio::time::sleep(TRY_AGAIN) => if self.shelf.trouble().is_none() { continue },
            }
            let wanted = bases.borrow_and_update().clone();
            self.shelf.adjust(&wanted).await;
        }
    }

    /// Jobs that it makes at once.
    fn slots(&self) -> usize {
        self.engine.config().max_batch.max(1)
    }

    /// What it tells of itself; `since` is when it last did.
    fn hello(&self, busy: usize, since: Instant) -> Hello {
        let tokens = self.tokens.swap(0, Ordering::Relaxed);
        Hello {
            worker: self.config.id.clone(),
            name: self.config.name.clone(),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            understands: (*UNDERSTANDS.start(), *UNDERSTANDS.end()),
            instruction_set: self.engine.instruction_set().to_string(),
            bases: self.shelf.bases(),
            slots: self.slots(),
            busy,
            tokens_per_second: tokens as f64 / since.elapsed().as_secs_f64().max(0.001),
            leaving: false,
            trouble: self.shelf.trouble(),
        }
    }
}
