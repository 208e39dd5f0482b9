//! `maskarad worker` as people run it: beside a daemon, over a real RabbitMQ, with signals, secrets, and weights over HTTP.

mod broker;
mod weights;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use url::Url;

use super::{Daemon, Stage, program};
use crate::support::broker::Broker;
use crate::support::host::SOON;

/// What is ours on the broker.
const OURS: &str = "^maskarad[.]";
/// What nobody may read anywhere.
const PASSWORD: &str = "hunter2hunter2";
const WORDS: &str = "совершенно секретно";

/// The broker's address with a user of this test's own, whose password can be told from everything else, and who may do what
/// docs/WORKERS.md lets a user do.
fn secret_url(broker: &Broker) -> String {
    let mut url = Url::parse(broker.url()).unwrap();
    let host = url.path().trim_start_matches('/').to_owned();
    let user = format!("user-{host}");
    broker.eval(&format!(
        "rabbit_auth_backend_internal:add_user(<<\"{user}\">>, <<\"{PASSWORD}\">>, <<\"tests\">>), \
         rabbit_auth_backend_internal:set_permissions(<<\"{user}\">>, <<\"{host}\">>, <<\"{OURS}\">>, \
         <<\"^(maskarad[.]|amq[.]default$)\">>, <<\"{OURS}\">>, <<\"tests\">>)."
    ));
    url.set_username(&user).unwrap();
    url.set_password(Some(PASSWORD)).unwrap();
    url.into()
}

/// The project's folder of models and adapters.
fn personas() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../personas").canonicalize().unwrap()
}

/// Starts a worker in a folder.
pub(crate) fn start(folder: &Path, broker: &str, name: &str, more: &[(&str, &str)]) -> Daemon {
    let log = folder.join(format!("{name}.log"));
    let mut command = Command::new(program());
    command
        .args(["worker", "--name", name])
        .current_dir(folder)
        .env_clear()
        .env("MASKARAD_BROKER", broker)
        .env("MASKARAD_WORKER_MODELS", personas())
        .env("MASKARAD_ENGINE_THREADS", "1")
        .envs(more.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&log).unwrap());
    let child = command.spawn().unwrap();
    Daemon { child, log, started: Instant::now() }
}

/// A daemon that gives all it can to workers.
pub(super) struct Scene {
    pub(super) stage: Stage,
    daemon: Daemon,
    address: String,
    metrics: String,
    broker: String,
    workers: tempfile::TempDir,
}

impl Scene {
    async fn start(broker: &Broker, more: &[(&str, &str)]) -> Self {
        Self::on(Stage::new().await, broker, more)
    }

    fn on(stage: Stage, broker: &Broker, more: &[(&str, &str)]) -> Self {
        let [address, metrics] = [(); 2].map(|()| super::metrics::free().to_string());
        let broker = secret_url(broker);
        let settings = [
            ("MASKARAD_BROKER", broker.as_str()),
            ("MASKARAD_WORKERS_PREFER", "workers"),
            ("MASKARAD_HTTP_LISTEN", address.as_str()),
            ("MASKARAD_HTTP_METRICS_LISTEN", metrics.as_str()),
        ];
        let daemon = stage.serve(&[&settings, more].concat());
        Self { stage, daemon, address, metrics, broker, workers: tempfile::tempdir().unwrap() }
    }

    fn worker(&self, name: &str, more: &[(&str, &str)]) -> Daemon {
        start(self.workers.path(), &self.broker, name, more)
    }

    /// What the daemon says of generation elsewhere, once it says something.
    async fn elsewhere(&self) -> Option<Value> {
        let answer = reqwest::get(format!("http://{}/status", self.address)).await.ok()?;
        let mut said: Value = answer.json().await.ok()?;
        Some(said["elsewhere"].take())
    }

    /// Waits until something holds of that.
    async fn until(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + SOON;
        loop {
            let said = self.elsewhere().await;
            if let Some(said) = said.as_ref().filter(|said| holds(said)) {
                return said.clone();
            }
            assert!(Instant::now() < deadline, "never {what}: {said:?}\n{}", self.daemon.tail());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until this worker takes jobs.
    async fn until_at_work(&self, name: &str) -> Value {
        let able = |worker: &Value| {
            worker["name"] == *name && worker["unusable"].is_null() && worker["bases"].as_u64() > Some(0)
        };
        self.until(name, |said| said["workers"].as_array().is_some_and(|workers| workers.iter().any(able))).await
    }

    /// Replies that were made there.
    async fn made(&self, place: &str) -> f64 {
        let text = reqwest::get(format!("http://{}/metrics", self.metrics)).await.unwrap().text().await.unwrap();
        let series = format!("maskarad_generations_total{{place=\"{place}\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&series)?.parse().ok()).unwrap_or_default()
    }

    /// The program, beside the running daemon.
    fn program(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(program());
        command.args(arguments).current_dir(self.stage.folder.path()).env_clear();
        let output = command.env("MASKARAD_HTTP_LISTEN", &self.address).output().unwrap();
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    }
}

fn assert_keeps_secrets(text: &str) {
    for secret in [PASSWORD, WORDS, "amqp://"] {
        assert!(!text.contains(secret), "{secret} is told\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_makes_the_replies_and_status_tells_of_it() {
    let Some(broker) = Broker::shared() else { return };
    let scene = Scene::start(&broker, &[("MASKARAD_LOG", "debug")]).await;
    let mut worker = scene.worker("attic", &[("MASKARAD_LOG", "debug")]);
    scene.until_at_work("attic").await;
    let message = scene.stage.people[0].writes_private(&scene.stage.bots[0], WORDS);
    scene.stage.answered(&[message], &scene.daemon).await;
    assert!(scene.made("elsewhere").await >= 1.0 && scene.made("here").await == 0.0, "{}", scene.daemon.tail());
    let said = scene.until("the end of the job", |said| said["under_way"] == 0).await;
    assert_eq!((&said["fell_back"], &said["broker_trouble"]), (&0.into(), &Value::Null), "{said}");

    let (code, shown) = scene.program(&["status"]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("elsewhere: the broker is there, 0 jobs are with workers"), "{shown}");
    assert!(shown.contains("WORKER") && shown.contains("attic"), "{shown}");
    let (_, json) = scene.program(&["status", "--json"]);
    for text in [&shown, &json, &scene.daemon.log(), &worker.log()] {
        assert_keeps_secrets(text);
    }
    worker.signal("TERM");
    assert_eq!(worker.ends_within(10).await.code(), Some(0), "{}", worker.log());
    let left = |said: &Value| said["workers"][0]["unusable"] == "it has left";
    scene.until("it was told that the worker left", left).await;
    scene.stage.answers(0, &scene.daemon).await;
    assert!(scene.made("here").await >= 1.0, "the daemon does without");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_stopped_at_work_loses_nothing() {
    let Some(broker) = Broker::shared() else { return };
    let scene = Scene::start(&broker, &[]).await;
    let mut worker = scene.worker("attic", &[("MASKARAD_ENGINE_MAX_BATCH", "2")]);
    scene.until_at_work("attic").await;
    let messages = scene.stage.everybody_writes("расскажи что-нибудь длинное");
    scene.until("it was at work", |said| said["under_way"].as_u64() > Some(1)).await;
    worker.signal("TERM");
    let status = worker.ends_within(25).await;
    assert_eq!(status.code(), Some(0), "{}", worker.log());
    scene.stage.answered(&messages, &scene.daemon).await;
    for message in &messages {
        assert_eq!(scene.stage.tg.answers_to(*message).len(), 1, "{}", scene.daemon.tail());
    }
    assert!(scene.made("elsewhere").await >= 1.0, "{}\n{}", worker.log(), scene.daemon.tail());
}
