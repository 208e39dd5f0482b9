//! A daemon as far as it generates, workers in processes of their own, and people who always want one more reply.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures::StreamExt;
use maskarad::clock::{Dice, secret_text};
use maskarad::generator::{Choice, DEADLINE, GenerateRequest, Generator, LocalGenerator, Prefer};
use maskarad::remote::{BrokerConfig, Remote};
use maskarad_engine::synthetic::{Shape, write_checkpoint};
use maskarad_engine::{Engine, EngineConfig, Event, GenerationConfig, LoadedModel, Precision};
use tokio_util::sync::CancellationToken;

/// Tokens of a prompt.
const PROMPT: u32 = 64;
/// New tokens of a reply.
const NEW_TOKENS: usize = 32;
/// Replies that one side makes at once.
pub(crate) const SLOTS: usize = 8;
/// How long workers may take to be there.
const PATIENCE: Duration = Duration::from_secs(120);

/// A daemon's end.
pub(crate) struct Daemon {
    pub(crate) engine: Engine,
    pub(crate) model: LoadedModel,
    pub(crate) there: Arc<Choice>,
    stopped: CancellationToken,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stopped.cancel();
        self.engine.shutdown();
    }
}

/// Writes the checkpoint that all of them use.
pub(crate) fn checkpoint(folder: &Path) -> anyhow::Result<()> {
    Ok(write_checkpoint(folder, Shape::RUGPT3_SMALL, 1)?)
}

impl Daemon {
    /// One that gives everything to workers, as long as any is there.
    pub(crate) fn start(broker: &BrokerConfig, folder: &Path) -> anyhow::Result<Self> {
        let engine = Engine::start(EngineConfig { threads: 1, max_batch: SLOTS, ..EngineConfig::default() })?;
        let model = engine.load(folder, Precision::Int8)?;
        let remote = Remote::new(broker.clone(), secret_text::<8>()?);
        let (stopped, weights) = (CancellationToken::new(), engine.clone());
        let catalogue = Arc::new(move || weights.loaded_models());
        tokio::spawn(remote.clone().run(catalogue, Dice::from_os(), stopped.clone()));
        let here = Arc::new(LocalGenerator::new(engine.clone()));
        Ok(Self { engine, model, there: Arc::new(Choice::new(here, remote, Prefer::Workers)), stopped })
    }

    /// Waits until so many workers take jobs.
    pub(crate) async fn until_crew(&self, workers: usize) -> anyhow::Result<()> {
        let begun = Instant::now();
        let able = || {
            let elsewhere = self.there.elsewhere().unwrap_or_else(|| unreachable!("there is a broker"));
            elsewhere.workers.iter().filter(|worker| worker.unusable.is_none() && worker.bases == 1).count()
        };
        while able() != workers {
            ensure!(begun.elapsed() < PATIENCE, "{} workers instead of {workers} are there", able());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// A request of which no two are alike.
    pub(crate) fn request(&self, seed: u64) -> GenerateRequest {
        let generation =
            GenerationConfig { max_new_tokens: NEW_TOKENS, do_sample: true, seed, ..GenerationConfig::default() };
        let prompt = (0..PROMPT).map(|at| 100 + (at * 37 + u32::try_from(seed % 1000).unwrap_or(0)) % 40_000).collect();
        GenerateRequest {
            job: 0,
            model: self.model.key(),
            prompt,
            generation,
            directed: true,
            progress: false,
            deadline: DEADLINE,
        }
    }

    /// Nothing of what was measured was made here instead.
    pub(crate) fn ensure_all_elsewhere(&self) -> anyhow::Result<()> {
        let elsewhere = self.there.elsewhere().context("there is a broker")?;
        ensure!(
            elsewhere.fell_back == 0,
            "{} replies were made here: {:?}",
            elsewhere.fell_back,
            elsewhere.last_trouble
        );
        Ok(())
    }
}

/// A worker's process, on one core; killed when dropped.
pub(crate) struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Worker {
    pub(crate) fn start(broker: &BrokerConfig, folder: &Path, core: usize) -> anyhow::Result<Self> {
        let child = Command::new("taskset")
            .args([
                "-c",
                &core.to_string(),
                env!("CARGO_BIN_EXE_maskarad"),
                "worker",
                "--name",
                &format!("core-{core}"),
            ])
            .current_dir(folder)
            .env("MASKARAD_BROKER", broker.url.expose())
            .env("MASKARAD_WORKER_MODELS", folder)
            .env("MASKARAD_ENGINE_THREADS", "1")
            .env("MASKARAD_ENGINE_MAX_BATCH", SLOTS.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("taskset could not be started")?;
        Ok(Self(child))
    }
}

/// So many people ask for one reply after the other; returns replies a second.
pub(crate) async fn crowd(
    generator: &Arc<dyn Generator>,
    daemon: &Daemon,
    people: usize,
    seconds: f64,
) -> anyhow::Result<f64> {
    static SEED: AtomicUsize = AtomicUsize::new(0);
    let replies = Arc::new(AtomicUsize::new(0));
    let crowd: Vec<_> = (0..people)
        .map(|_| {
            let (generator, replies) = (Arc::clone(generator), Arc::clone(&replies));
            let requests: Vec<_> =
                (0..1000).map(|_| daemon.request(SEED.fetch_add(1, Ordering::Relaxed) as u64)).collect();
            tokio::spawn(async move {
                for request in requests {
                    reply(&*generator, request).await?;
                    replies.fetch_add(1, Ordering::Relaxed);
                }
                anyhow::Ok(())
            })
        })
        .collect();
    // Until everything is in its stride.
    tokio::time::sleep(Duration::from_secs_f64(seconds / 5.0)).await;
    let (before, begun) = (replies.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    let rate = (replies.load(Ordering::Relaxed) - before) as f64 / begun.elapsed().as_secs_f64();
    for person in crowd {
        if person.is_finished() {
            person.await??;
        } else {
            person.abort();
        }
    }
    Ok(rate)
}

/// One reply; returns how long its first token took.
pub(crate) async fn reply(generator: &dyn Generator, request: GenerateRequest) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let mut events = generator.generate(request).await?;
    let mut first = None;
    while let Some(event) = events.next().await {
        match event {
            Event::Token { .. } => {
                first.get_or_insert_with(|| begun.elapsed());
            }
            Event::Finished(_) => return first.context("a reply has tokens"),
            Event::Failed(error) => return Err(error.into()),
        }
    }
    anyhow::bail!("a reply has an end")
}

/// The value in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
