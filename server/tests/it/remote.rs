//! Daemons and workers over a real RabbitMQ: the same words wherever they are made, and what becomes of a job when something
//! of this dies, lies, or speaks another language.

mod conversation;
mod doors;
mod refusals;
mod words;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use maskarad::clock::{Dice, secret_text};
use maskarad::generator::{Choice, DEADLINE, GenerateRequest, Generator, LocalGenerator, Prefer};
use maskarad::remote::worker::{self, Source, WorkerConfig};
use maskarad::remote::{Elsewhere, Remote};
use maskarad_engine::{Engine, EngineConfig, Event, Finished, GenerationConfig, LoadedModel, Precision};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::broker::Broker;
use crate::support::host::{SOON, demo_checkpoint};

/// A daemon, as far as it generates.
struct Daemon {
    engine: Engine,
    generator: Choice,
    stopped: CancellationToken,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.stopped.cancel();
        self.engine.shutdown();
    }
}

impl Daemon {
    /// One that gives all it can to workers.
    fn start(broker: &Broker) -> Self {
        let engine = Engine::start(EngineConfig { threads: 1, ..EngineConfig::default() }).unwrap();
        let remote = Remote::new(broker.config(), secret_text::<8>().unwrap());
        let (stopped, weights) = (CancellationToken::new(), engine.clone());
        let catalogue = Arc::new(move || weights.loaded_models());
        tokio::spawn(remote.clone().run(catalogue, Dice::from_os(), stopped.clone()));
        let here = Arc::new(LocalGenerator::new(engine.clone()));
        Self { engine, generator: Choice::new(here, remote, Prefer::Workers), stopped }
    }

    fn elsewhere(&self) -> Elsewhere {
        self.generator.elsewhere().unwrap()
    }

    /// Waits until something holds of what is elsewhere.
    async fn until(&self, what: &str, holds: impl Fn(&Elsewhere) -> bool) {
        let deadline = tokio::time::Instant::now() + SOON;
        while !holds(&self.elsewhere()) {
            assert!(tokio::time::Instant::now() < deadline, "never {what}: {:?}", self.elsewhere());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until so many workers take jobs for so many bases.
    async fn until_crew(&self, workers: usize, bases: usize) {
        let able = |elsewhere: &Elsewhere| {
            elsewhere.workers.iter().filter(|worker| worker.unusable.is_none() && worker.bases == bases).count()
        };
        self.until("the whole crew was there", |elsewhere| able(elsewhere) == workers).await;
    }

    /// What it says to this request, wherever that is made.
    async fn says(&self, request: GenerateRequest) -> Result<Finished, String> {
        said(&self.generator, request).await
    }
}

/// Everything a generator says to a request.
async fn said(generator: &dyn Generator, request: GenerateRequest) -> Result<Finished, String> {
    let mut events = generator.generate(request).await.map_err(|error| error.to_string())?;
    let mut ids = Vec::new();
    loop {
        match events.next().await.expect("an end") {
            Event::Token { id, .. } => ids.push(id),
            Event::Finished(finished) => {
                assert_eq!(ids, finished.ids, "each token is told once, in order");
                return Ok(finished);
            }
            Event::Failed(error) => return Err(error.to_string()),
        }
    }
}

/// A worker of this process.
struct Worker {
    stopping: CancellationToken,
    task: JoinHandle<bool>,
    engine: Engine,
}

impl Worker {
    fn start(broker: &Broker, name: &str, models: &Path) -> Self {
        Self::start_with(broker, name, models, None)
    }

    /// One that fetches what it has not.
    fn start_with(broker: &Broker, name: &str, models: &Path, source: Option<Source>) -> Self {
        let engine = Engine::start(EngineConfig { threads: 1, max_batch: 4, ..EngineConfig::default() }).unwrap();
        let stopping = CancellationToken::new();
        let config = WorkerConfig {
            broker: broker.config(),
            name: name.to_owned(),
            id: secret_text::<8>().unwrap(),
            models: vec![models.to_owned()],
            source,
            fetched: models.join("fetched"),
            memory: 1 << 30,
        };
        let task = tokio::spawn(worker::run(config, engine.clone(), Dice::from_os(), stopping.clone()));
        Self { stopping, task, engine }
    }

    /// Lets it finish what it has.
    async fn stop(self) -> bool {
        self.stopping.cancel();
        let finished = self.task.await.unwrap();
        self.engine.shutdown();
        finished
    }

    /// Ends it amid what it does.
    fn kill(self) {
        self.task.abort();
        self.engine.shutdown();
    }
}

/// A reply of so many tokens, by chance.
fn request(model: &LoadedModel, seed: u64, tokens: usize) -> GenerateRequest {
    let prompt = model.tokenizer().unwrap().encode("@@ПЕРВЫЙ@@ как дела? @@ВТОРОЙ@@").unwrap();
    let generation = GenerationConfig {
        max_new_tokens: tokens,
        do_sample: true,
        temperature: 0.9,
        seed,
        ..GenerationConfig::default()
    };
    GenerateRequest {
        job: 1,
        model: model.key(),
        prompt,
        generation,
        directed: true,
        progress: true,
        deadline: DEADLINE,
    }
}

/// The project's folder of models and adapters.
fn personas() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../personas")
}

/// The demo checkpoint in this precision, loaded by a daemon.
fn demo(daemon: &Daemon, precision: Precision) -> LoadedModel {
    daemon.engine.load(&demo_checkpoint(), precision).unwrap()
}
