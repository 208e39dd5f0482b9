//! A daemon on a database of its own, with one persona whose messages arrive as a long poll brings them and whose replies are
//! taken at once; each reply lets its chat write again.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use async_trait::async_trait;
use maskarad::app::{App, Limits, Parts};
use maskarad::chat::{ChatId, ChatRef, Me, MessageId, TransportKind, UserId};
use maskarad::clock::{Clock, Dice, SystemClock, secret_text};
use maskarad::daemon::{self, Wire};
use maskarad::generator::{Choice, Generator, LocalGenerator, Prefer};
use maskarad::incoming::{Incoming, ParseError};
use maskarad::lifecycle::Lifecycle;
use maskarad::live::{self, Character, LivePersona, Speaker, Voice};
use maskarad::pacing::Guides;
use maskarad::pump::Pump;
use maskarad::remote::{BrokerConfig, Remote};
use maskarad::router::Router;
use maskarad::spread::Identity;
use maskarad::store::{self, BotId, Location, RawUpdate, Retention, Store};
use maskarad::telegram::update;
use maskarad::transport::{Outgoing, Transport, TransportError};
use maskarad_engine::{Engine, EngineConfig, ModelKey};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::host::roomer;
use crate::instant;

/// The persona's bot.
const BOT: i64 = 7;
/// Updates that one long poll brings at most.
const POLL: usize = 100;
/// How long things may take to come up.
const PATIENCE: Duration = Duration::from_secs(60);

/// All of it.
pub(crate) struct Ground {
    folder: TempDir,
    store: Arc<dyn Store>,
    people: Arc<People>,
    lifecycle: Lifecycle,
    engine: Engine,
    stopped: CancellationToken,
}

/// Those who write, and what they got.
struct People {
    wants: mpsc::UnboundedSender<i64>,
    answers: AtomicUsize,
    messages: AtomicI64,
    written: Mutex<HashMap<i64, Instant>>,
    waits: Mutex<Vec<f64>>,
}

impl Ground {
    pub(crate) async fn new(broker: &BrokerConfig) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let store = store::open(&Location::parse(&database(folder.path()).await?)?).await?;
        let engine = Engine::start(EngineConfig { threads: 1, ..EngineConfig::default() })?;
        let character = Arc::new(character(&engine)?);
        let model = character.voice.model.key();
        let stopped = CancellationToken::new();
        let generator = generator(broker, &engine, &stopped, model).await?;
        let dice = Dice::from_os();
        let app = Arc::new(App::new(Parts {
            store: Arc::clone(&store),
            generator,
            clock: Arc::new(SystemClock),
            identity: Identity::of_process(None, &dice),
            dice,
            limits: Limits { guides: Guides::NONE, ..Limits::with_workers() },
        }));
        let lifecycle = Lifecycle::default();
        let wire = Wire { api_url: "http://127.0.0.1:9".parse()?, http: reqwest::Client::new(), webhook: None };
        let _no_bots = daemon::start(&app, Vec::new(), &wire, Retention::default(), &lifecycle).await;
        let (wants, wanted) = mpsc::unbounded_channel();
        let (answers, messages, written, waits) = Default::default();
        let people = Arc::new(People { wants, answers, messages, written, waits });
        let live = bring_up(&app, character, &people).await?;
        let (shared, stopping) = (Arc::clone(&app), lifecycle.stopping().clone());
        let routed = Arc::clone(&live);
        lifecycle.spawn("router", async move {
            let mut router =
                Pump::new(Router::new(Arc::clone(&shared), Arc::clone(&routed)), shared.limits.routed_at_once);
            router.run(&routed.inbox, &shared.dice, &stopping).await;
        });
        lifecycle.spawn("crowd", write(app, live, Arc::clone(&people), wanted, lifecycle.stopping().clone()));
        Ok(Self { folder, store, people, lifecycle, engine, stopped })
    }

    /// The folder in which PostgreSQL works.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// So many chats begin to write.
    pub(crate) async fn let_write(&self, chats: usize) -> anyhow::Result<()> {
        for chat in 1..=chats {
            self.people.wants.send(i64::try_from(chat)? + 1000)?;
        }
        let begun = Instant::now();
        while self.answers() < chats {
            ensure!(begun.elapsed() < PATIENCE, "only {} answers came", self.answers());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.people.waits.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(())
    }

    /// Answers so far.
    pub(crate) fn answers(&self) -> usize {
        self.people.answers.load(Ordering::Relaxed)
    }

    /// How long each took, in seconds.
    pub(crate) fn waits(&self) -> Vec<f64> {
        self.people.waits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) async fn end(self) -> anyhow::Result<()> {
        self.lifecycle.stopping().cancel();
        self.lifecycle.run().await;
        self.stopped.cancel();
        self.store.close().await;
        self.engine.shutdown();
        script("stop", self.folder.path()).map(drop)
    }
}

fn character(engine: &Engine) -> anyhow::Result<Character> {
    let unlimited = "access: { per_user_hourly: 1000000, per_chat_hourly: 1000000 }\n";
    let persona = roomer("avtobus", unlimited);
    let model = live::load(engine, &persona.model)?;
    let voice = Voice::new(&persona, model, engine).context("the demo checkpoint has a tokenizer")?;
    Ok(Character { persona: Arc::new(persona), voice })
}

/// The workers' end, with one worker that answers at once.
async fn generator(
    broker: &BrokerConfig,
    engine: &Engine,
    stopped: &CancellationToken,
    model: ModelKey,
) -> anyhow::Result<Arc<dyn Generator>> {
    let remote = Remote::new(broker.clone(), secret_text::<8>()?);
    tokio::spawn(remote.clone().run(Arc::new(move || vec![model]), Dice::from_os(), stopped.clone()));
    let (broker, ended) = (broker.clone(), stopped.clone());
    tokio::spawn(async move {
        tokio::select! {
            worked = instant::work(broker, model.base()) => println!("the instant worker ended: {worked:?}"),
            () = ended.cancelled() => {}
        }
    });
    let begun = Instant::now();
    while let Err(why) = remote.can_make(&model) {
        ensure!(begun.elapsed() < PATIENCE, "{why}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let here = Arc::new(LocalGenerator::new(engine.clone()));
    Ok(Arc::new(Choice::new(here, remote, Prefer::Workers)))
}

async fn bring_up(app: &Arc<App>, character: Arc<Character>, people: &Arc<People>) -> anyhow::Result<Arc<LivePersona>> {
    let name = character.persona.name.clone();
    let now = SystemClock.now();
    let taken = app.store.take(&name, TransportKind::Telegram, "bench", now).await?.context("the persona is free")?;
    let me = Me { id: UserId(BOT), username: "avtobus_bot".to_owned(), can_read_all_group_messages: true };
    let transport = Arc::new(AtOnce(Arc::clone(people)));
    let live =
        LivePersona::new(Arc::new(Speaker::new(character)), live::Identity { me, lease: taken.lease, transport });
    let live = Arc::new(live);
    app.roster.add(live.seat(), Arc::clone(&live));
    Ok(live)
}

/// Stores what people write, a long poll's worth at a time, as the intake does.
async fn write(
    app: Arc<App>,
    live: Arc<LivePersona>,
    people: Arc<People>,
    mut wanted: mpsc::UnboundedReceiver<i64>,
    stopping: CancellationToken,
) {
    let mut chats = Vec::new();
    loop {
        let count = tokio::select! {
            count = wanted.recv_many(&mut chats, POLL) => count,
            () = stopping.cancelled() => return,
        };
        let updates: Vec<RawUpdate> = chats.drain(..count).map(|chat| people.message(chat)).collect();
        if let Err(error) = app.store.accept(BotId(BOT), &updates, app.clock.now()).await {
            return println!("the inbox: {error}");
        }
        live.inbox.notify_one();
    }
}

impl People {
    /// What somebody writes in private.
    fn message(&self, chat: i64) -> RawUpdate {
        let number = self.messages.fetch_add(1, Ordering::Relaxed) + 1;
        let date = SystemClock.now().unix_timestamp();
        let raw = format!(
            r#"{{"update_id":{number},"message":{{"message_id":{number},"date":{date},"chat":{{"id":{chat},"type":"private","first_name":"Гость"}},"from":{{"id":{chat},"is_bot":false,"first_name":"Гость","language_code":"ru"}},"text":"Привет, как дела? Это сообщение номер {number}."}}}}"#
        );
        self.written.lock().unwrap_or_else(PoisonError::into_inner).insert(chat, Instant::now());
        RawUpdate { update_id: number, chat: Some(ChatId(chat)), raw }
    }
}

/// Takes every reply at once, and lets its chat write again.
struct AtOnce(Arc<People>);

#[async_trait]
impl Transport for AtOnce {
    fn read(&self, raw: &str) -> Result<Incoming, ParseError> {
        update::parse(raw)
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Option<MessageId>, TransportError> {
        let (people, chat) = (&self.0, outgoing.chat.id.0);
        if let Some(written) = people.written.lock().unwrap_or_else(PoisonError::into_inner).remove(&chat) {
            people.waits.lock().unwrap_or_else(PoisonError::into_inner).push(written.elapsed().as_secs_f64());
        }
        people.answers.fetch_add(1, Ordering::Relaxed);
        let id = people.messages.fetch_add(1, Ordering::Relaxed) + 1;
        let _ = people.wants.send(chat);
        Ok(Some(MessageId(id)))
    }

    async fn typing(&self, _chat: ChatRef) -> Result<(), TransportError> {
        Ok(())
    }

    async fn is_admin(&self, _chat: ChatId, _user: UserId) -> Result<bool, TransportError> {
        Ok(true)
    }

    async fn hears_groups(&self) -> Result<bool, TransportError> {
        Ok(true)
    }

    async fn rights_changed(&self, _chat: ChatId, _user: UserId) {}

    async fn leave(&self, _chat: ChatId) -> Result<(), TransportError> {
        Ok(())
    }
}

/// A PostgreSQL of its own whose commits are on the disk when it says so.
async fn database(folder: &Path) -> anyhow::Result<String> {
    let url = script("start", folder)?;
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        administer(&url, &format!("alter system set {setting} = on")).await?;
    }
    administer(&url, "select pg_reload_conf()").await?;
    Ok(url)
}

async fn administer(url: &str, statement: &str) -> anyhow::Result<()> {
    use sqlx::{AssertSqlSafe, Connection, Executor};
    let mut connection = sqlx::PgConnection::connect(url).await?;
    connection.execute(AssertSqlSafe(statement.to_owned())).await?;
    Ok(connection.close().await?)
}

fn script(what: &str, folder: &Path) -> anyhow::Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/postgres.sh");
    let output = Command::new(path).arg(what).arg(folder).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
