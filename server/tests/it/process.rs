//! `maskarad serve` as people run it: a process of its own, with signals, crashes, broken settings and a log.

mod api;
mod burst;
mod console;
mod crash;
mod full_log;
mod journal;
mod logs;
mod memory;
mod metrics;
mod page;
mod proxy;
mod secrecy;
mod signals;
mod soak;
mod spread;
mod standby;
mod startup;
mod supervised;
mod webhook;
pub(crate) mod worker;

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use maskarad_testbed::{Bot, BotSpec, MessageRef, Testbed, User, UserSpec};

use crate::support::host::{SOON, demo_checkpoint};

/// The emulator with two bots and a folder with the manifests of their personas.
struct Stage {
    tg: Testbed,
    bots: [Bot; 2],
    people: Vec<User>,
    folder: tempfile::TempDir,
    model: PathBuf,
}

impl Stage {
    async fn new() -> Self {
        Self::with_emulator(Testbed::start().await.unwrap())
    }

    fn with_emulator(tg: Testbed) -> Self {
        let bots = ["avtobus", "polkson"].map(|name| tg.add_bot(BotSpec::new(&format!("{name}_bot")).privacy(false)));
        let people = (0..6).map(|number| tg.add_user(UserSpec::new(&format!("Человек {number}")))).collect();
        let stage = Self { tg, bots, people, folder: tempfile::tempdir().unwrap(), model: demo_checkpoint() };
        std::fs::create_dir(stage.folder.path().join("personas")).unwrap();
        stage.write_manifests();
        stage
    }

    fn write_manifests(&self) {
        for (name, variable) in [("avtobus", "AVTOBUS_TOKEN"), ("polkson", "POLKSON_TOKEN")] {
            let token = format!("token: {{ env: {variable}, optional: true }}");
            self.write_manifest(name, &format!("name: {name}\n{token}\nmodel: {{ path: {:?} }}\n", self.model));
        }
    }

    fn write_manifest(&self, name: &str, text: &str) {
        self.write_manifest_with(name, text, 96);
    }

    /// A manifest whose replies have at most so many tokens.
    fn write_manifest_with(&self, name: &str, text: &str, tokens: u32) {
        let path = self.folder.path().join("personas").join(format!("{name}.yaml"));
        let generation = format!("template: rudialogpt\ngeneration: {{ max_new_tokens: {tokens} }}\n");
        std::fs::write(path, format!("{text}{generation}")).unwrap();
    }

    /// Starts the daemon on the folder's SQLite file. `more` comes on top of the environment, and wins; an empty value
    /// takes a variable away.
    fn serve(&self, more: &[(&str, &str)]) -> Daemon {
        static LOGS: AtomicU32 = AtomicU32::new(0);
        let log = self.folder.path().join(format!("log-{}", LOGS.fetch_add(1, Ordering::Relaxed)));
        let child = self.spawn(File::create(&log).unwrap(), more);
        Daemon { child, log, started: Instant::now() }
    }

    /// The same, with its log going elsewhere.
    fn spawn(&self, log: File, more: &[(&str, &str)]) -> Child {
        self.spawn_by(Command::new(program()), log, more)
    }

    /// The same by a command that runs the program.
    fn spawn_by(&self, mut command: Command, log: File, more: &[(&str, &str)]) -> Child {
        let [avtobus, polkson] = &self.bots;
        command
            .arg("serve")
            .current_dir(self.folder.path())
            .env_clear()
            .env("MASKARAD_TELEGRAM_API_URL", self.tg.api_url())
            .env("MASKARAD_ENGINE_THREADS", "2")
            .env("MASKARAD_PACE_CHAT_INTERVAL_MS", "0")
            .env("MASKARAD_PACE_GROUP_PER_MINUTE", "0")
            .env("MASKARAD_PACE_BOT_PER_SECOND", "0")
            .env("AVTOBUS_TOKEN", avtobus.token())
            .env("POLKSON_TOKEN", polkson.token())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        for (name, value) in more {
            match *value {
                "" => command.env_remove(name),
                value => command.env(name, value),
            };
        }
        command.spawn().unwrap()
    }

    /// Everybody writes to the first bot in private.
    fn everybody_writes(&self, text: &str) -> Vec<MessageRef> {
        self.people.iter().map(|user| user.writes_private(&self.bots[0], text)).collect()
    }

    async fn answered(&self, messages: &[MessageRef], log: &Daemon) {
        for message in messages {
            let answer = self.tg.wait_answer(*message, SOON).await;
            assert!(answer.is_ok(), "{message:?} got no answer\n{}", log.tail());
        }
    }

    /// A message to this bot gets its answer.
    async fn answers(&self, bot: usize, daemon: &Daemon) {
        let message = self.people[0].writes_private(&self.bots[bot], "привет");
        self.answered(&[message], daemon).await;
    }
}

/// The program under test: the one that was built with this test, unless another is named.
#[expect(clippy::disallowed_methods, reason = "measurements are told by the environment which build to measure")]
fn program() -> PathBuf {
    std::env::var_os("MASKARAD_PROGRAM").map_or_else(|| env!("CARGO_BIN_EXE_maskarad").into(), PathBuf::from)
}

/// A running program; killed when dropped.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
    started: Instant,
}

impl Daemon {
    /// What it has logged so far.
    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// The end of that.
    fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// Waits until the log holds these words.
    pub(crate) async fn says(&self, words: &str) {
        let deadline = Instant::now() + SOON;
        while !self.log().contains(words) {
            assert!(Instant::now() < deadline, "{words:?} isn't in the log\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Waits for its end, as many seconds at the longest.
    async fn ends_within(&mut self, seconds: u64) -> ExitStatus {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "it still runs after {seconds} s\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// It refuses to run, with code 1 and these words.
    async fn refuses(mut self, words: &[&str]) -> String {
        assert_eq!(self.ends_within(30).await.code(), Some(1), "{}", self.log());
        let log = self.log();
        for word in words {
            assert!(log.contains(word), "{word:?} isn't in\n{log}");
        }
        assert!(!log.contains("panicked"), "{log}");
        log
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Memory in use, in MiB.
    fn memory(&self) -> u64 {
        self.mebibytes("VmRSS:")
    }

    /// The most memory that was in use at any time, in MiB.
    fn peak_memory(&self) -> u64 {
        self.mebibytes("VmHWM:")
    }

    fn mebibytes(&self, field: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
        line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).unwrap_or_default() / 1024
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
