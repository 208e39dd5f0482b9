//! The database goes away while the daemon serves: nothing is confirmed or answered that can't be recorded, and all is
//! answered once it is back, each message once.

mod connections;
mod full;
mod hung;
mod read_only;

use std::sync::Arc;
use std::time::{Duration, Instant};

use maskarad::lifecycle::Ended;
use maskarad::store::{self, BotId, Location, RawUpdate, Store};
use maskarad_testbed::{Bot, BotSpec, MessageRef, Testbed, User, UserSpec};
use serde_json::json;
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use time::OffsetDateTime;

use crate::support::cluster::Cluster;
use crate::support::database::{Backend, TestDatabase};
use crate::support::host::{Host, SOON, persona, settled};

/// A bot, some people, and a daemon on this store.
struct Scene {
    tg: Testbed,
    bot: Bot,
    people: Vec<User>,
    host: Host,
}

impl Scene {
    async fn new(store: Arc<dyn Store>) -> Self {
        let tg = Testbed::start().await.unwrap();
        let bot = tg.add_bot(BotSpec::new("avtobus_bot").privacy(false));
        let people = (0..6).map(|number| tg.add_user(UserSpec::new(&format!("Человек {number}")))).collect();
        let personas = vec![persona("avtobus", &bot, "generation: { max_new_tokens: 24 }\n")];
        let host = Host::start(&tg, store, personas).await;
        Self { tg, bot, people, host }
    }

    /// Everybody writes, each in a chat of their own.
    fn everybody_writes(&self, text: &str) -> Vec<MessageRef> {
        self.people.iter().map(|user| user.writes_private(&self.bot, text)).collect()
    }

    /// Each message gets an answer, and only one.
    async fn each_is_answered_once(&self, messages: &[MessageRef]) {
        for message in messages {
            self.tg.wait_answer(*message, SOON).await.unwrap();
        }
        settled(&self.tg, &self.bot).await;
        for message in messages {
            assert_eq!(self.tg.answers_to(*message).len(), 1, "{message:?}");
        }
    }

    /// Before the database goes away all is well, and a message is answered.
    async fn begins_well(&self) {
        self.each_is_answered_once(&[self.people[0].writes_private(&self.bot, "привет")]).await;
        self.is_well().await;
    }

    /// `/readyz` says that all is well.
    async fn is_well(&self) {
        self.host.until_store_is("ok").await;
        let (status, said) = self.host.readyz().await;
        assert_eq!(
            (status, &said["status"], &said["personas"]["avtobus"]["state"]),
            (200, &json!("ready"), &json!("polling")),
            "{said}"
        );
    }

    /// The highest offset asked for so far: all updates before it count as received.
    fn confirmed(&self) -> i64 {
        let offsets = self.bot.requests_of("getUpdates").into_iter();
        offsets.filter_map(|request| request.params.get("offset")?.as_i64()).max().unwrap_or(0)
    }

    /// While the database is away: updates stay unconfirmed, and nobody is answered.
    async fn nothing_is_taken_or_said(&self, messages: &[MessageRef], how_long: Duration) {
        let confirmed = self.confirmed();
        tokio::time::sleep(Duration::from_millis(300)).await;
        let polls = self.bot.requests_of("getUpdates").len();
        tokio::time::sleep(how_long).await;
        assert_eq!(self.bot.requests_of("getUpdates").len(), polls, "no updates are asked for");
        assert_eq!(self.confirmed(), confirmed, "nothing is confirmed that isn't stored");
        assert!(self.bot.pending_updates() >= messages.len());
        assert!(messages.iter().all(|message| self.tg.answers_to(*message).is_empty()), "nobody is answered");
    }
}

/// Stops the server and starts it again, with messages before, under way and meanwhile.
async fn goes_away_and_comes_back(how: impl Fn(&Cluster)) {
    let Some(cluster) = Cluster::start() else { return };
    let scene = Scene::new(cluster.store().await).await;
    let mut messages = scene.everybody_writes("до обрыва");
    scene.tg.wait_until(SOON, |tg| tg.sent_count(&scene.bot) >= 2).await.unwrap();
    how(&cluster);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let meanwhile = scene.everybody_writes("во время обрыва");
    scene.nothing_is_taken_or_said(&meanwhile, Duration::from_secs(2)).await;
    let said = scene.host.until_store_is("away").await;
    assert!(said["reasons"][0].as_str().unwrap().starts_with("the database is away for"), "{said}");
    cluster.restart();
    let back = Instant::now();
    messages.extend(meanwhile);
    for message in &messages {
        scene.tg.wait_answer(*message, SOON).await.unwrap();
    }
    println!("all answered {:?} after the server was back", back.elapsed());
    assert!(back.elapsed() < Duration::from_secs(30), "it comes back by itself, and soon");
    scene.each_is_answered_once(&messages).await;
    scene.is_well().await;
    assert_eq!(scene.host.stop().await, Ended::Cleanly);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_stopped_and_comes_back() {
    goes_away_and_comes_back(Cluster::stop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_killed_and_comes_back() {
    goes_away_and_comes_back(Cluster::kill).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_daemon_can_be_stopped_without_its_database() {
    let Some(cluster) = Cluster::start() else { return };
    let scene = Scene::new(cluster.store().await).await;
    let message = scene.people[0].writes_private(&scene.bot, "привет");
    scene.tg.wait_answer(message, SOON).await.unwrap();
    settled(&scene.tg, &scene.bot).await;
    cluster.stop();
    scene.everybody_writes("во время обрыва");
    tokio::time::sleep(Duration::from_secs(1)).await;
    scene.host.until_store_is("away").await;
    let asked = Instant::now();
    assert_eq!(scene.host.stop().await, Ended::Cleanly, "nothing was under way");
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_hangs_is_given_up() {
    let Some(database) = TestDatabase::new(Backend::Postgres).await else { return };
    let mut other = PgConnection::connect(database.url()).await.unwrap();
    other.execute("begin; lock table inbox in access exclusive mode").await.unwrap();
    let accept = || async {
        let update = RawUpdate { update_id: 1, chat: None, raw: "{}".to_owned() };
        database.store().accept(BotId(1), &[update], OffsetDateTime::now_utc()).await
    };
    let error = tokio::time::timeout(Duration::from_secs(25), accept()).await.expect("it is given up").unwrap_err();
    assert!(error.is_transient() && error.to_string().contains("doesn't answer"), "{error}");
    other.close().await.unwrap();
    assert_eq!(accept().await.unwrap(), 1, "what was given up was not done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_locked_at_start_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("maskarad.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut other = SqliteConnection::connect_with(&options).await.unwrap();
    other.execute("begin exclusive").await.unwrap();
    let connecting = tokio::spawn(async move { store::connect(&Location::Sqlite(path), SOON).await });
    // Longer than SQLite itself waits for a lock.
    tokio::time::sleep(Duration::from_secs(6)).await;
    other.execute("rollback").await.unwrap();
    connecting.await.unwrap().map(drop).expect("it is opened once it is free");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_is_locked_by_somebody_else_for_a_while() {
    let database = TestDatabase::new(Backend::Sqlite).await.unwrap();
    let scene = Scene::new(database.shared()).await;
    let mut other = SqliteConnection::connect(database.url()).await.unwrap();
    other.execute("begin immediate").await.unwrap();
    let messages = scene.everybody_writes("пока файл занят");
    // Longer than SQLite itself waits for a lock.
    scene.nothing_is_taken_or_said(&messages, Duration::from_secs(6)).await;
    scene.host.until_store_is("unwritable").await;
    other.execute("rollback").await.unwrap();
    scene.each_is_answered_once(&messages).await;
    scene.is_well().await;
    assert_eq!(scene.host.stop().await, Ended::Cleanly);
}
