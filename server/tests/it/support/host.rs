//! A daemon in this process, on a real engine, a real store and the emulator; its prompts can be read.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use maskarad::app::{App, Limits, Parts};
use maskarad::clock::{Dice, SystemClock};
use maskarad::config::environment::Environment;
use maskarad::config::manifest;
use maskarad::config::persona::Persona;
use maskarad::daemon::{self, Fleet, Wire};
use maskarad::generator::{GenerateRequest, Generator, GeneratorError, LocalGenerator};
use maskarad::http;
use maskarad::lifecycle::{Ended, Lifecycle};
use maskarad::live::{Character, Voice};
use maskarad::pacing::Guides;
use maskarad::remote::Elsewhere;
use maskarad::spread::Identity;
use maskarad::store::{Retention, Store};
use maskarad::telegram::webhook::{Doors, WebhookWire};
use maskarad_engine::{Engine, EngineConfig, Event, LoadedModel};
use maskarad_testbed::{Bot, Sent, Testbed};

/// How long a test waits for what must happen.
pub(crate) const SOON: Duration = Duration::from_secs(60);
/// How long a test waits for what must not happen.
pub(crate) const A_WHILE: Duration = Duration::from_millis(700);

/// How often a webhook is looked after.
const WEBHOOK_CHECK: Duration = Duration::from_millis(300);

/// The demo checkpoint that comes with the project.
pub(crate) fn demo_checkpoint() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../personas/models/mini-ru")
}

/// A persona as its manifest says, on the demo checkpoint unless the text names another.
pub(crate) fn persona(name: &str, bot: &Bot, more: &str) -> Persona {
    let model =
        if more.contains("model:") { String::new() } else { format!("model: {{ path: {:?} }}\n", demo_checkpoint()) };
    let text = format!("name: {name}\ntoken: {{ env: TOKEN }}\ntemplate: rudialogpt\n{model}{more}");
    let token = bot.token();
    let lookup = move |key: &str| (key == "TOKEN").then(|| token.clone());
    manifest::parse(Path::new("test.yaml"), &text, Environment::new(&lookup))
        .unwrap_or_else(|problems| panic!("{problems}"))
}

/// A persona without a bot, on the demo checkpoint: it sits in rooms.
pub(crate) fn roomer(name: &str, more: &str) -> Persona {
    let text = format!("name: {name}\ntemplate: rudialogpt\nmodel: {{ path: {:?} }}\n{more}", demo_checkpoint());
    manifest::parse(Path::new("test.yaml"), &text, Environment::new(&|_| None))
        .unwrap_or_else(|problems| panic!("{problems}"))
}

/// Remembers every request on its way to the engine.
pub(crate) struct Recorder {
    inner: Arc<dyn Generator>,
    requests: Mutex<Vec<GenerateRequest>>,
}

#[async_trait]
impl Generator for Recorder {
    async fn generate(&self, request: GenerateRequest) -> Result<BoxStream<'static, Event>, GeneratorError> {
        self.requests.lock().unwrap().push(request.clone());
        self.inner.generate(request).await
    }

    fn is_alive(&self) -> bool {
        self.inner.is_alive()
    }

    fn elsewhere(&self) -> Option<Elsewhere> {
        self.inner.elsewhere()
    }
}

/// A running daemon.
pub(crate) struct Host {
    pub(crate) app: Arc<App>,
    pub(crate) engine: Engine,
    /// Where it listens for webhooks and for questions after its health.
    pub(crate) address: SocketAddr,
    recorder: Arc<Recorder>,
    models: Vec<LoadedModel>,
    lifecycle: Lifecycle,
    /// Its bots.
    pub(crate) fleet: Arc<Fleet>,
}

impl Host {
    /// Starts a daemon for these personas and waits until every one is up.
    pub(crate) async fn start(tg: &Testbed, store: Arc<dyn Store>, personas: Vec<Persona>) -> Self {
        Self::start_paced(tg, store, personas, Guides::NONE).await
    }

    /// The same at this pace; tests have no time for Telegram's.
    pub(crate) async fn start_paced(
        tg: &Testbed,
        store: Arc<dyn Store>,
        personas: Vec<Persona>,
        guides: Guides,
    ) -> Self {
        Self::start_within(tg, store, personas, Limits { guides, ..Limits::default() }).await
    }

    /// The same within these limits.
    pub(crate) async fn start_within(
        tg: &Testbed,
        store: Arc<dyn Store>,
        personas: Vec<Persona>,
        limits: Limits,
    ) -> Self {
        let count = personas.len();
        let host = Self::launch_within(tg, store, personas, limits).await;
        host.until(|host| host.app.roster.keys().len() == count).await;
        host
    }

    /// Starts a daemon without waiting for its personas.
    pub(crate) async fn launch(tg: &Testbed, store: Arc<dyn Store>, personas: Vec<Persona>) -> Self {
        Self::launch_within(tg, store, personas, Limits { guides: Guides::NONE, ..Limits::default() }).await
    }

    /// Starts a daemon that people can meet in rooms.
    pub(crate) async fn start_with_rooms(tg: &Testbed, store: Arc<dyn Store>, personas: Vec<Persona>) -> Self {
        let seats = personas.len() + personas.iter().filter(|persona| persona.token.is_some()).count();
        let limits = Limits { guides: Guides::NONE, ..Limits::default() };
        let host = Self::launch_as(tg, store, personas, limits, true, here).await;
        host.until(|host| host.app.roster.keys().len() == seats).await;
        host
    }

    async fn launch_within(tg: &Testbed, store: Arc<dyn Store>, personas: Vec<Persona>, limits: Limits) -> Self {
        Self::launch_as(tg, store, personas, limits, false, here).await
    }

    /// Starts a daemon that generates by what `make` says of its engine, and waits until all personas are up.
    pub(crate) async fn start_by(
        tg: &Testbed,
        store: Arc<dyn Store>,
        personas: Vec<Persona>,
        make: impl FnOnce(&Engine) -> Arc<dyn Generator>,
    ) -> Self {
        let (count, limits) = (personas.len(), Limits { guides: Guides::NONE, ..Limits::default() });
        let host = Self::launch_as(tg, store, personas, limits, false, make).await;
        host.until(|host| host.app.roster.keys().len() == count).await;
        host
    }

    async fn launch_as(
        tg: &Testbed,
        store: Arc<dyn Store>,
        personas: Vec<Persona>,
        limits: Limits,
        rooms: bool,
        make: impl FnOnce(&Engine) -> Arc<dyn Generator>,
    ) -> Self {
        let engine = Engine::start(EngineConfig { threads: 2, ..EngineConfig::default() }).unwrap();
        let booted: Vec<Character> = personas.into_iter().map(|persona| boot(&engine, persona)).collect();
        let models = booted.iter().map(|booted| booted.voice.model.clone()).collect();
        let recorder = Arc::new(Recorder { inner: make(&engine), requests: Mutex::default() });
        let app = Arc::new(App::new(Parts {
            store,
            generator: Arc::clone(&recorder) as Arc<dyn Generator>,
            clock: Arc::new(SystemClock),
            dice: Dice::seeded(7),
            identity: Identity::of_process(None, &Dice::from_os()),
            limits: Limits { webhook_check: WEBHOOK_CHECK, ..limits },
        }));
        app.api_open.store(rooms, Ordering::Relaxed);
        let lifecycle = Lifecycle::default();
        let doors = Arc::new(Doors::of(booted.iter().map(|booted| &*booted.persona)));
        let listener = http::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = listener.local_addr().unwrap();
        http::start(listener, &app, Arc::clone(&doors), &lifecycle);
        let webhook = Some(WebhookWire { base: format!("http://{address}"), doors });
        let wire = Wire { api_url: tg.api_url().parse().unwrap(), http: reqwest::Client::new(), webhook };
        let fleet = daemon::start(&app, booted, &wire, Retention::default(), &lifecycle).await;
        Self { app, engine, address, recorder, models, lifecycle, fleet }
    }

    /// Stops it as SIGTERM would.
    pub(crate) async fn stop(self) -> Ended {
        self.lifecycle.stopping().cancel();
        let ended = self.lifecycle.run().await;
        daemon::stand_down(&self.app).await;
        self.engine.shutdown();
        ended
    }

    /// Waits until something holds.
    pub(crate) async fn until(&self, holds: impl Fn(&Self) -> bool) {
        let deadline = tokio::time::Instant::now() + SOON;
        while !holds(self) {
            assert!(tokio::time::Instant::now() < deadline, "it never came to hold");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What `/readyz` says: the status, and why.
    pub(crate) async fn readyz(&self) -> (u16, serde_json::Value) {
        let answer = reqwest::get(format!("http://{}/readyz", self.address)).await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Waits until `/readyz` says this of the store.
    pub(crate) async fn until_store_is(&self, state: &str) -> serde_json::Value {
        let deadline = tokio::time::Instant::now() + SOON;
        loop {
            let (status, said) = self.readyz().await;
            assert_eq!(status == 503, said["status"] == "unavailable", "{said}");
            if said["store"]["state"] == state {
                return said;
            }
            assert!(tokio::time::Instant::now() < deadline, "the store never was {state}: {said}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The prompts so far, decoded, oldest first.
    pub(crate) fn prompts(&self) -> Vec<String> {
        let tokenizer = self.models[0].tokenizer().unwrap();
        self.requests().iter().map(|request| tokenizer.decode(&request.prompt, false)).collect()
    }

    /// The requests so far, oldest first.
    pub(crate) fn requests(&self) -> Vec<GenerateRequest> {
        self.recorder.requests.lock().unwrap().clone()
    }

    /// The weights of each persona.
    pub(crate) fn models(&self) -> &[LoadedModel] {
        &self.models
    }
}

/// Generates with the daemon's own engine.
fn here(engine: &Engine) -> Arc<dyn Generator> {
    Arc::new(LocalGenerator::new(engine.clone()))
}

/// A persona with its weights.
pub(crate) fn boot(engine: &Engine, persona: Persona) -> Character {
    let model = maskarad::live::load(engine, &persona.model).unwrap();
    let voice = Voice::new(&persona, model, engine).unwrap();
    Character { persona: Arc::new(persona), voice }
}

/// What a bot has said after it had nothing more to say for a while.
pub(crate) async fn settled(tg: &Testbed, bot: &Bot) -> Vec<Sent> {
    loop {
        let before = tg.sent_count(bot);
        tokio::time::sleep(A_WHILE).await;
        if tg.sent_count(bot) == before && bot.pending_updates() == 0 {
            return tg.sent_by(bot);
        }
    }
}
