//! `maskarad worker`: generation for daemons on other machines.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use maskarad_engine::{Engine, EngineConfig};
use tokio_util::sync::CancellationToken;

use super::runtime;
use crate::clock::{Dice, secret_text};
use crate::config::daemon::DaemonConfig;
use crate::lifecycle::Lifecycle;
use crate::machine;
use crate::remote::worker::{self, Source, WorkerConfig};
use crate::supervisor::Supervisor;

/// What the machine keeps for itself, and for keys and values.
const SHARE_OF_MEMORY: u64 = 2;
/// The folder of fetched weights within the cache.
const FETCHED: &str = "weights";

/// What can be said on the command line.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What to call this worker [default: worker.name, or the machine's name].
    #[arg(long)]
    name: Option<String>,
    /// Folder in which checkpoints and adapters are looked for [default: worker.models, or personas].
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
}

pub(super) fn run(arguments: Arguments, config: &DaemonConfig) -> anyhow::Result<()> {
    let worker = settings(arguments, config)?;
    let engine = Engine::start(EngineConfig { max_waiting: waiting(&config.engine), ..config.engine.clone() })?;
    let ended = runtime()?.block_on(work(worker, engine.clone()));
    engine.shutdown();
    anyhow::ensure!(ended, "stopped with work unfinished; the broker gives it to another worker");
    Ok(())
}

/// The broker never sends more than fit in both queues of each base, and all of it may wait here.
fn waiting(engine: &EngineConfig) -> usize {
    engine.max_waiting.max(engine.max_batch.saturating_mul(4))
}

/// Runs until a signal. Returns whether everything under way was finished.
async fn work(config: WorkerConfig, engine: Engine) -> bool {
    let lifecycle = Lifecycle::default();
    let stopping: CancellationToken = lifecycle.stopping().clone();
    let supervisor = Supervisor::of_process();
    // Ready before the broker is: it may come later, and go and come again.
    supervisor.ready_with(&format!("worker {}", config.name));
    let told_to_stop = stopping.clone();
    lifecycle.spawn("supervisor", async move {
        told_to_stop.cancelled().await;
        supervisor.stopping();
    });
    let working = tokio::spawn(worker::run(config, engine, Dice::from_os(), stopping));
    let (finished, told) = tokio::sync::oneshot::channel();
    lifecycle.spawn("worker", async move {
        let _ = finished.send(working.await.unwrap_or(false));
    });
    let ended = lifecycle.run().await == crate::lifecycle::Ended::Cleanly;
    ended && told.await.unwrap_or(false)
}

fn settings(arguments: Arguments, config: &DaemonConfig) -> anyhow::Result<WorkerConfig> {
    let broker = config.workers.broker.clone().context(
        "workers.broker is not set, so there is nobody to work for; set it to the address of your RabbitMQ, such as \
         amqp://maskarad:PASSWORD@broker:5672/maskarad (MASKARAD_BROKER)",
    )?;
    let settings = &config.worker;
    let cache = config.engine.cache.clone().unwrap_or_else(|| PathBuf::from("cache"));
    let machine = machine::total_memory().map(|bytes| usize::try_from(bytes / SHARE_OF_MEMORY).unwrap_or(usize::MAX));
    let source = settings.daemon.clone().map(|daemon| Source { daemon, key: settings.key.clone() });
    Ok(WorkerConfig {
        broker,
        name: arguments.name.or_else(|| settings.name.clone()).unwrap_or_else(machine::name),
        id: secret_text::<8>()?,
        models: vec![arguments.models.unwrap_or_else(|| settings.models.clone())],
        source,
        fetched: cache.join(FETCHED),
        memory: settings.memory.or(machine).unwrap_or(usize::MAX),
    })
}
