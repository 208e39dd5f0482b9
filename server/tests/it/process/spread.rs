//! Several daemons on one PostgreSQL: personas are spread, a daemon that dies is replaced, a persona is moved by hand.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use maskarad_testbed::{Bot, BotSpec, MessageRef, User};

use super::metrics::free;
use super::{Daemon, Stage, program};
use crate::support::database::{Backend, TestDatabase};
use crate::support::host::SOON;

/// How long it may take until all of a dead daemon's personas answer again.
const REPLACED: Duration = Duration::from_secs(30);
/// Personas of most stories.
const PERSONAS: usize = 10;

/// Bots and their manifests, and a database for several daemons.
struct Depot {
    stage: Stage,
    database: TestDatabase,
    bots: Vec<Bot>,
}

impl Depot {
    /// `None` where there is no PostgreSQL.
    async fn new(personas: usize) -> Option<Self> {
        let database = TestDatabase::new(Backend::Postgres).await?;
        let stage = Stage::new().await;
        let bots = (0..personas).map(|number| stage.tg.add_bot(BotSpec::new(&format!("bus_{number}_bot"))));
        let depot = Self { bots: bots.collect(), stage, database };
        for name in ["avtobus", "polkson"] {
            std::fs::remove_file(depot.stage.folder.path().join(format!("personas/{name}.yaml"))).unwrap();
        }
        for number in 0..personas {
            let (name, model) = (persona(number), &depot.stage.model);
            let text = format!("name: {name}\ntoken: {{ env: {} }}\nmodel: {{ path: {model:?} }}\n", variable(number));
            depot.stage.write_manifest_with(&name, &text, 8);
        }
        Some(depot)
    }

    /// Starts a daemon of this name.
    fn serve(&self, name: &str, more: &[(&str, &str)]) -> Daemon {
        let tokens: Vec<(String, String)> =
            self.bots.iter().enumerate().map(|(number, bot)| (variable(number), bot.token())).collect();
        let mut variables = vec![("DATABASE_URL", self.database.url()), ("MASKARAD_NAME", name)];
        variables.extend(tokens.iter().map(|(name, token)| (name.as_str(), token.as_str())));
        variables.extend(more);
        self.stage.serve(&variables)
    }

    /// Somebody writes to every bot.
    fn everybody_is_written_to(&self) -> Vec<MessageRef> {
        self.bots.iter().map(|bot| self.stage.people[0].writes_private(bot, "привет")).collect()
    }

    /// How many personas each daemon serves.
    async fn counts(&self) -> BTreeMap<String, usize> {
        let census = self.database.store().census().await.unwrap();
        let mut counts = BTreeMap::new();
        for daemon in census.daemons.iter().filter(|daemon| daemon.is_alive()) {
            let held = census.holdings.iter().filter(|held| held.holder == daemon.id).count();
            counts.insert(daemon.name.to_string(), held);
        }
        counts
    }

    /// Waits until each daemon serves so many.
    async fn until_spread(&self, wanted: &[(&str, usize)], daemons: &[&Daemon]) {
        let wanted = wanted.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let deadline = Instant::now() + SOON;
        loop {
            let counts = self.counts().await;
            if counts == wanted {
                return;
            }
            let logs = || daemons.iter().map(|daemon| daemon.tail()).collect::<Vec<_>>().join("\n\n");
            assert!(Instant::now() < deadline, "{counts:?} instead of {wanted:?}\n{}", logs());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until nothing is to be done any more.
    async fn settled(&self) {
        let open =
            "select state from jobs where state <> 'done' union all select outcome from inbox where routed_at is null";
        let deadline = Instant::now() + SOON;
        while !self.database.sql(open).await.is_empty() {
            assert!(Instant::now() < deadline, "{:?}", self.database.sql(open).await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Each message has one answer.
    async fn each_was_answered_once(&self, messages: &[MessageRef], daemons: &[&Daemon]) {
        self.settled().await;
        for message in messages {
            let answers = self.stage.tg.answers_to(*message);
            let logs = || daemons.iter().map(|daemon| daemon.log()).collect::<Vec<_>>().join("\n\n");
            assert_eq!(answers.len(), 1, "{message:?}\n{}", logs());
        }
    }

    /// Runs `maskarad persona` with these words; returns its exit code and what it said.
    async fn persona(&self, words: &str) -> (Option<i32>, String) {
        let mut command = Command::new(program());
        command.arg("persona").args(words.split_whitespace()).current_dir(self.stage.folder.path());
        command.env_clear().env("DATABASE_URL", self.database.url());
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    }
}

fn persona(number: usize) -> String {
    format!("bus{number}")
}

fn variable(number: usize) -> String {
    format!("BUS_{number}_TOKEN")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_personas_are_spread_and_all_answer_soon_after_a_daemon_is_killed() {
    let Some(depot) = Depot::new(PERSONAS).await else { return };
    let mut first = depot.serve("bus-1", &[]);
    depot.until_spread(&[("bus-1", 10)], &[&first]).await;
    let mut messages = depot.everybody_is_written_to();
    let second = depot.serve("bus-2", &[]);
    depot.until_spread(&[("bus-1", 5), ("bus-2", 5)], &[&first, &second]).await;
    messages.extend(depot.everybody_is_written_to());
    depot.each_was_answered_once(&messages, &[&first, &second]).await;

    first.child.kill().unwrap();
    first.child.wait().unwrap();
    let killed = Instant::now();
    let mut after = depot.everybody_is_written_to();
    depot.stage.answered(&after, &second).await;
    println!("all answered {:?} after the kill", killed.elapsed());
    assert!(killed.elapsed() < REPLACED, "{:?}\n{}", killed.elapsed(), second.log());
    depot.until_spread(&[("bus-2", 10)], &[&second]).await;

    let third = depot.serve("bus-1", &[]);
    depot.until_spread(&[("bus-1", 5), ("bus-2", 5)], &[&second, &third]).await;
    after.extend(depot.everybody_is_written_to());
    messages.extend(after);
    depot.each_was_answered_once(&messages, &[&second, &third]).await;
    assert!(!second.log().contains("doesn't; trying here"), "{}", second.log());
}

/// Writes and waits for the answer, again and again, until told to stop; returns what was written.
async fn talk(depot: &Depot, user: &User, bot: &Bot, done: &tokio::sync::watch::Receiver<bool>) -> Vec<MessageRef> {
    let mut messages = Vec::new();
    while !*done.borrow() {
        let message = user.writes_private(bot, "едем?");
        depot.stage.tg.wait_answer(message, SOON).await.unwrap_or_else(|error| panic!("{message:?}: {error}"));
        messages.push(message);
    }
    messages
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_persona_is_moved_while_messages_flow() {
    let Some(depot) = Depot::new(2).await else { return };
    let daemons = [depot.serve("bus-1", &[]), depot.serve("bus-2", &[])];
    let both = || daemons.each_ref();
    depot.until_spread(&[("bus-1", 1), ("bus-2", 1)], &both()).await;
    let (stop, done) = tokio::sync::watch::channel(false);
    let moves = async {
        for to in ["bus-1", "bus-2", "bus-1"] {
            let (code, said) = depot.persona(&format!("move bus0 --to {to}")).await;
            assert_eq!((code, said.as_str()), (Some(0), format!("bus0 is served by {to}\n").as_str()));
        }
        stop.send(true).unwrap();
    };
    let talks = depot.stage.people.iter().map(|user| talk(&depot, user, &depot.bots[0], &done));
    let ((), messages) = tokio::join!(moves, futures::future::join_all(talks));
    let messages = messages.concat();
    println!("{} messages while it moved", messages.len());
    depot.each_was_answered_once(&messages, &both()).await;

    let (code, told) = depot.persona("where").await;
    let line = told.lines().find(|line| line.trim_start().starts_with("bus0")).unwrap_or_default();
    assert!(code == Some(0) && line.matches("bus-1").count() == 2, "served and placed there\n{told}");
    let (code, said) = depot.persona("move bus0 --anywhere").await;
    assert_eq!((code, said.as_str()), (Some(0), "bus0 is served wherever it comes to be\n"));
    for (words, answer) in [
        ("move mercutio --to bus-1", "those that can be served: bus0, bus1"),
        ("move bus0 --to bus-7", "no daemon of this database is called bus-7; those that live: bus-1, bus-2"),
    ] {
        let (code, said) = depot.persona(words).await;
        assert!(code == Some(1) && said.contains(answer), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_daemon_knows_who_serves_the_others() {
    let Some(depot) = Depot::new(2).await else { return };
    let address = free().to_string();
    let first = depot.serve("bus-1", &[("MASKARAD_HTTP_LISTEN", address.as_str())]);
    depot.until_spread(&[("bus-1", 2)], &[&first]).await;
    let mut second = depot.serve("bus-2", &[]);
    depot.until_spread(&[("bus-1", 1), ("bus-2", 1)], &[&first, &second]).await;
    let ready = async || -> serde_json::Value {
        reqwest::get(format!("http://{address}/readyz")).await.unwrap().json().await.unwrap()
    };
    let deadline = Instant::now() + SOON;
    let elsewhere = serde_json::json!({ "state": "standby", "by": "bus-2" });
    while !ready().await["personas"].as_object().unwrap().values().any(|report| *report == elsewhere) {
        assert!(Instant::now() < deadline, "{}\n{}", ready().await, first.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(ready().await["status"], "ready", "somebody serves each");

    second.signal("TERM");
    let stopped = Instant::now();
    assert_eq!(second.ends_within(15).await.code(), Some(0), "{}", second.log());
    depot.until_spread(&[("bus-1", 2)], &[&first]).await;
    println!("taken over {:?} after the stop", stopped.elapsed());
}
