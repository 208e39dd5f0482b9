//! `maskarad serve`: brings engine, store and personas up, and keeps them up until a signal.

mod listeners;

use std::sync::Arc;
use std::time::Duration;

use maskarad_engine::{Engine, Observer};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use self::listeners::Listeners;
use super::{location, model, runtime};
use crate::app::{App, Limits, Parts};
use crate::clock::{Dice, SystemClock, secret_text};
use crate::config::environment::Environment;
use crate::config::manifest::{self, Personas};
use crate::config::problem::Problems;
use crate::config::{daemon::DaemonConfig, webhook};
use crate::daemon::{self, Fleet, Wire};
use crate::generator::{Choice, Generator, LocalGenerator};
use crate::lifecycle::{Ended, Lifecycle};
use crate::live::Character;
use crate::metrics::{self, EngineWatch, Exporter};
use crate::reload::{Reloader, Watch};
use crate::remote::Remote;
use crate::spread::{self, Identity};
use crate::store::{self, Location};
use crate::supervisor::Supervisor;
use crate::telegram::connect;
use crate::telegram::webhook::{Doors, WebhookWire};

/// How often the engine is looked after.
const ENGINE_WATCH: Duration = Duration::from_secs(1);
/// How long the store may take to close.
const CLOSING: Duration = Duration::from_secs(3);

/// Serves all personas until stopped. `log` reads the settings of the log again.
pub(super) fn run(config: &DaemonConfig, log: Arc<dyn Fn() + Send + Sync>) -> anyhow::Result<()> {
    let loaded = read(config);
    anyhow::ensure!(
        config.api_listen.is_some()
            || !loaded.problems.0.is_empty()
            || loaded.personas.iter().any(|persona| persona.token.is_some()),
        "no persona in {} has a bot token, so there is nothing to serve; put one in place as the manifest says \
         (AVTOBUS_TOKEN for the demo persona), set http.api_listen, or talk here with `maskarad chat {}`",
        config.personas.display(),
        loaded.personas[0].name,
    );
    let shown = config.metrics_listen.or(config.api_listen);
    let exporter = shown.map(|_| metrics::install()).transpose()?;
    let watch = exporter.as_ref().map(|_| Box::new(EngineWatch::new()) as Box<dyn Observer>);
    let engine = Engine::start_observed(config.engine.clone(), watch)?;
    let runtime = runtime()?;
    // Loading takes a while, and a SIGHUP that nobody listens to ends the process. One that comes meanwhile is heard afterwards.
    let hangups = {
        let _entered = runtime.enter();
        signal(SignalKind::hangup())?
    };
    let personas = boot(&engine, loaded)?;
    let ended = runtime.block_on(serve(config, (log, hangups), engine.clone(), exporter, personas))?;
    runtime.shutdown_background();
    engine.shutdown();
    anyhow::ensure!(ended == Ended::Cleanly, "stopped after a failure, or with work unfinished; the log says which");
    Ok(())
}

/// What the manifests say at the moment.
fn read(config: &DaemonConfig) -> Personas {
    let mut loaded = manifest::load(&config.personas, Environment::of_process());
    loaded.problems.0.extend(webhook::problems(config, &loaded.personas));
    loaded
}

/// Loads every checkpoint, or tells all that is wrong with manifests and checkpoints.
fn boot(engine: &Engine, loaded: Personas) -> Result<Vec<Character>, Problems> {
    let (mut booted, mut problems) = (Vec::new(), loaded.problems.0);
    for persona in loaded.personas {
        match model::load(engine, &persona) {
            Ok(voice) => {
                tracing::info!(persona = %persona.name, model = %voice.model.key(), bytes = voice.model.memory(), adapter_bytes = voice.model.adapter_memory(), "loaded");
                booted.push(Character { persona: Arc::new(persona), voice });
            }
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(booted) } else { Err(Problems(problems)) }
}

async fn serve(
    config: &DaemonConfig,
    (log, hangups): (Arc<dyn Fn() + Send + Sync>, Signal),
    engine: Engine,
    exporter: Option<Exporter>,
    personas: Vec<Character>,
) -> anyhow::Result<Ended> {
    let location = location(config)?;
    let listeners = Listeners::bind(config, exporter).await?;
    let store = store::connect(&location, config.store.wait).await?;
    tracing::info!(%location, "the store is open");
    let lifecycle = Lifecycle::default();
    // Ended after everything else: what is under way elsewhere is heard until the last reply is made.
    let stopped = CancellationToken::new();
    let dice = Dice::from_os();
    let identity = Identity::of_process(config.name.clone(), &dice);
    let app = Arc::new(App::new(Parts {
        store: Arc::clone(&store),
        generator: generator(config, &engine, &stopped)?,
        clock: Arc::new(SystemClock),
        dice,
        identity,
        limits: Limits {
            guides: config.telegram.guides,
            bounds: config.queue.bounds,
            stale_after: config.queue.stale_after,
            ..if config.workers.broker.is_some() { Limits::with_workers() } else { Limits::default() }
        },
    }));
    let client = connect::http_client(config.telegram.proxy.as_ref())?;
    let doors = Arc::new(Doors::of(personas.iter().map(|booted| &*booted.persona)));
    let webhook = config.telegram.webhook.clone();
    let webhook = webhook.map(|base| WebhookWire { base, doors: Arc::clone(&doors) });
    let wire = Wire { api_url: config.telegram.api_url.clone(), http: client, webhook };
    listeners.start(&app, &engine, doors, &lifecycle);
    if matches!(location, Location::Postgres(_)) {
        lifecycle.spawn("spread", spread::run(Arc::clone(&app), lifecycle.stopping().clone()));
    }
    let fleet = daemon::start(&app, personas, &wire, config.store.retention, &lifecycle).await;
    lifecycle.spawn("engine", watch(engine.clone(), lifecycle.stopping().clone()));
    supervise((config, log, hangups), (&app, engine, fleet), &lifecycle, &stopped).await;
    let ended = lifecycle.run().await;
    daemon::stand_down(&app).await;
    stopped.cancel();
    // Closing waits for every statement, and a database that doesn't answer must not keep the process.
    if ended == Ended::Cleanly && tokio::time::timeout(CLOSING, store.close()).await.is_err() {
        tracing::warn!("the store could not be closed in time");
    }
    Ok(ended)
}

/// Makes tokens here; or on workers as well, where there is a broker.
fn generator(
    config: &DaemonConfig,
    engine: &Engine,
    stopped: &CancellationToken,
) -> anyhow::Result<Arc<dyn Generator>> {
    let here = Arc::new(LocalGenerator::new(engine.clone()));
    let Some(broker) = &config.workers.broker else { return Ok(here) };
    let remote = Remote::new(broker.clone(), secret_text::<8>()?);
    let engine = engine.clone();
    let catalogue = Arc::new(move || engine.loaded_models());
    tokio::spawn(remote.clone().run(catalogue, Dice::from_os(), stopped.clone()));
    Ok(Arc::new(Choice::new(here, remote, config.workers.prefer)))
}

/// Tells the service manager how things are, and reloads the manifests when it is asked to.
async fn supervise(
    (config, log, hangups): (&DaemonConfig, Arc<dyn Fn() + Send + Sync>, Signal),
    (app, engine, fleet): (&Arc<App>, Engine, Arc<Fleet>),
    lifecycle: &Lifecycle,
    stopped: &CancellationToken,
) {
    let supervisor = Supervisor::of_process();
    let (settings, weights) = (config.clone(), engine.clone());
    let read = Arc::new(move || {
        let loaded = read(&settings);
        boot(&weights, loaded)
    });
    let reloader = Reloader::new(engine.clone(), Arc::clone(&fleet), read);
    let watch = config.watch_personas.then(|| Watch::new(&config.personas));
    lifecycle.spawn("reload", reloader.run((hangups, watch), log, supervisor, lifecycle.stopping().clone()));
    tokio::spawn(supervisor.watch(Arc::clone(app), engine, stopped.clone()));
    let stopping = lifecycle.stopping().clone();
    tokio::spawn(async move {
        stopping.cancelled().await;
        supervisor.stopping();
    });
    supervisor.ready(&fleet).await;
}

/// Ends when the engine does, which ends the daemon: systemd starts it anew, and its jobs are taken up.
async fn watch(engine: Engine, stopping: CancellationToken) {
    while engine.is_running() {
        tokio::select! {
            () = tokio::time::sleep(ENGINE_WATCH) => {}
            () = stopping.cancelled() => return,
        }
    }
    tracing::error!("the engine has died");
}
