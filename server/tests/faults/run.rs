//! One life of the daemon: a child process with a log of its own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::cast::Cast;

/// Which of two daemons that stand by for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    First,
    Second,
}

impl Slot {
    /// Its role in PostgreSQL.
    pub(crate) fn role(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
        }
    }

    /// The other one.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

/// How long a reload may take, on a machine that does other things, too.
const RELOAD: Duration = Duration::from_secs(60);

/// A running daemon; killed when dropped.
pub(crate) struct Run {
    child: Child,
    log: PathBuf,
}

/// Where a daemon runs, and on what.
pub(crate) struct Place<'a> {
    /// The folder with its settings and manifests.
    pub(crate) folder: &'a Path,
    /// The emulator.
    pub(crate) api_url: String,
    /// The variable that names its database.
    pub(crate) database: (&'static str, String),
    /// The broker by which it has workers make its replies, as long as any is there.
    pub(crate) broker: Option<&'a str>,
    /// Where its log goes.
    pub(crate) log: PathBuf,
    /// Whether the log is JSON.
    pub(crate) json: bool,
}

impl Run {
    /// Starts the daemon.
    pub(crate) fn start(cast: &Cast, place: Place<'_>) -> Self {
        let Place { folder, api_url, database, broker, log, json } = place;
        // A file that may not grow must be an error, not the end.
        let mut command = Command::new("sh");
        command
            .args(["-c", "trap '' XFSZ; exec \"$0\" serve"])
            .arg(program())
            .current_dir(folder)
            .env_clear()
            .env("MASKARAD_TELEGRAM_API_URL", api_url)
            .env("MASKARAD_ENGINE_THREADS", "1")
            .env("MASKARAD_PACE_CHAT_INTERVAL_MS", if json { "150" } else { "0" })
            .env("MASKARAD_PACE_GROUP_PER_MINUTE", "0")
            .env("MASKARAD_LOG", "debug")
            .env("MASKARAD_LOG_FORMAT", if json { "json" } else { "human" })
            .env(database.0, database.1)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap());
        if let Some(broker) = broker {
            command.env("MASKARAD_BROKER", broker).env("MASKARAD_WORKERS_PREFER", "workers");
        }
        for part in &cast.parts {
            command.env(part.variable(), part.bot.token());
        }
        Self { child: command.spawn().unwrap(), log }
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) -> PathBuf {
        self.still_runs();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.log.clone()
    }

    /// SIGHUP, and waits until it says this once more.
    pub(crate) async fn reload(&mut self, says: &str) {
        let deadline = Instant::now() + RELOAD;
        // Before it listens to the signal it would die of it.
        while !self.hears_hangups() {
            self.still_runs();
            assert!(Instant::now() < deadline, "it never listens to SIGHUP\n{}", self.tail());
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        let before = self.said(says);
        let asked = Command::new("kill").args(["-s", "HUP", &self.child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        while self.said(says) == before {
            self.still_runs();
            assert!(Instant::now() < deadline, "it never says {says:?}\n{}", self.tail());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn said(&self, words: &str) -> usize {
        std::fs::read_to_string(&self.log).unwrap_or_default().lines().filter(|line| line.contains(words)).count()
    }

    /// By the mask of signals that it catches.
    fn hears_hangups(&self) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
    }

    /// From now on its files may not grow beyond so many bytes; `None` ends that.
    pub(crate) fn limit_files(&self, bytes: Option<u64>) {
        let limit = bytes.map_or("unlimited".to_owned(), |bytes| bytes.to_string());
        let limited = Command::new("prlimit")
            .args([format!("--pid={}", self.child.id()), format!("--fsize={limit}:")])
            .status()
            .unwrap();
        assert!(limited.success());
    }

    /// It must not end by itself.
    pub(crate) fn still_runs(&mut self) {
        if let Some(status) = self.child.try_wait().unwrap() {
            panic!("the daemon ended by itself: {status}\n{}", self.tail());
        }
    }

    /// SIGTERM, and how it ended.
    pub(crate) async fn stop(mut self) -> (ExitStatus, PathBuf) {
        let asked = Command::new("kill").args(["-s", "TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, self.log.clone());
            }
            assert!(Instant::now() < deadline, "it doesn't stop\n{}", self.tail());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The end of its log.
    pub(crate) fn tail(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program under test: the one that was built with this test, unless another is named.
#[expect(clippy::disallowed_methods, reason = "the long campaign is told by the environment which build to try")]
pub(crate) fn program() -> PathBuf {
    std::env::var_os("FAULTS_DAEMON").map_or_else(|| env!("CARGO_BIN_EXE_maskarad").into(), PathBuf::from)
}
