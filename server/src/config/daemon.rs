//! `maskarad.yaml` and the environment variables that override it: everything that isn't one persona's own.

mod engine;
mod log;
mod raw;
mod workers;

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use maskarad_engine::EngineConfig;
use url::Url;

pub use self::log::{JournalStream, LogConfig, LogFormat};
pub use self::workers::{WorkerSettings, WorkersConfig};

use self::raw::{Setting, Settings};
use crate::config::environment::Environment;
use crate::config::problem::{Problem, Problems};
use crate::config::secret::Secret;
use crate::load::Bounds;
use crate::pacing::Guides;
use crate::store::{DaemonName, Retention};
use crate::trigger::STALE_AFTER;

/// The file that is read where none is named, if it is there.
const DEFAULT_FILE: &str = "maskarad.yaml";
/// Replies for the API at once: as many as the engine lets wait, with room left for the chats.
const API_REPLIES: usize = 200;
/// The official Bot API server.
const OFFICIAL: &str = "api.telegram.org";

/// The credential with the database's URL.
const DATABASE_URL: &str = "maskarad_database-url";

/// Settings of the whole daemon.
#[derive(Clone, Debug)]
pub struct DaemonConfig {
    /// What this daemon is called, among those of its database; where nothing is said, as its machine is.
    pub name: Option<DaemonName>,
    /// How Telegram is reached.
    pub telegram: TelegramConfig,
    /// Where webhooks and health are listened for; `None` for nowhere.
    pub listen: Option<SocketAddr>,
    /// Where Prometheus is answered; `None` for nowhere.
    pub metrics_listen: Option<SocketAddr>,
    /// Where other programs may ask personas for replies.
    pub api_listen: Option<SocketAddr>,
    /// Replies in the making for them at once.
    pub api_replies: usize,
    /// Whether the console shows operators what is said in chats.
    pub console_texts: bool,
    /// What the engine may use.
    pub engine: EngineConfig,
    /// Where state is kept.
    pub store: StoreConfig,
    /// How much may wait, and for how long.
    pub queue: QueueConfig,
    /// Where daemon and workers meet.
    pub workers: WorkersConfig,
    /// What a worker needs besides.
    pub worker: WorkerSettings,
    /// The folder of manifests.
    pub personas: PathBuf,
    /// Read them anew when they change, not only when asked to.
    pub watch_personas: bool,
    /// What is logged.
    pub log: LogConfig,
}

/// How Telegram is reached.
#[derive(Clone, Debug)]
pub struct TelegramConfig {
    /// The Bot API server.
    pub api_url: Url,
    /// `http://`, `https://`, `socks5://` or `socks5h://`; may hold a password.
    pub proxy: Option<Secret>,
    /// Where Telegram reaches the listener: the public address, with no slash at its end.
    pub webhook: Option<String>,
    /// How fast each bot may write.
    pub guides: Guides,
}

/// Where state is kept.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// Which database.
    pub target: StoreTarget,
    /// How long to wait at start for a database that is down.
    pub wait: Duration,
    /// How long things are kept.
    pub retention: Retention,
}

/// How much may wait, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueConfig {
    /// Beyond these the least important goes first.
    pub bounds: Bounds,
    /// Messages older than this when they arrive are kept for context and not answered.
    pub stale_after: time::Duration,
}

/// Which database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreTarget {
    /// PostgreSQL at this URL.
    Postgres(Secret),
    /// A SQLite file.
    Sqlite(PathBuf),
}

/// Reads the settings: `file`, or else `maskarad.yaml` where there is one, and the environment above it.
///
/// # Errors
/// Everything that is wrong with them.
pub fn load(file: Option<&Path>, environment: Environment<'_>) -> Result<DaemonConfig, Problems> {
    let path = file.unwrap_or(Path::new(DEFAULT_FILE));
    match std::fs::read_to_string(path) {
        Ok(text) => parse(path, &text, environment),
        Err(error) if file.is_none() && error.kind() == std::io::ErrorKind::NotFound => parse(path, "", environment),
        Err(error) => Err(Problems(vec![Problem::of_file(path, "", format!("can't be read: {error}"))])),
    }
}

/// Reads the settings from the text of `file`; its folder is what relative paths in it start from.
///
/// # Errors
/// Everything that is wrong with them.
pub fn parse(file: &Path, text: &str, environment: Environment<'_>) -> Result<DaemonConfig, Problems> {
    let mut settings = Settings::read(file, text, environment);
    let (workers, worker) = workers::read(&mut settings, environment);
    let config = DaemonConfig {
        workers,
        worker,
        name: settings.parsed(
            "name",
            "one word of a-z, A-Z, 0-9, dots, _ and -, 64 characters at most",
            DaemonName::parse,
        ),
        telegram: telegram(&mut settings),
        listen: settings.parsed("http.listen", "an address such as 127.0.0.1:8443", |text| text.parse().ok()),
        metrics_listen: apart(&mut settings, "http.metrics_listen", "127.0.0.1:9464"),
        api_listen: apart(&mut settings, "http.api_listen", "127.0.0.1:8077"),
        api_replies: settings.number("http.api_replies", 1, 10_000).unwrap_or(API_REPLIES),
        console_texts: settings
            .parsed("http.console_texts", "true or false", |text| text.parse().ok())
            .unwrap_or(false),
        engine: engine::read(&mut settings, environment),
        store: store(&mut settings, environment),
        queue: queue(&mut settings),
        personas: settings.path("personas").unwrap_or_else(|| PathBuf::from("personas")),
        watch_personas: settings.parsed("watch_personas", "true or false", |text| text.parse().ok()).unwrap_or(false),
        log: log::read(&mut settings, environment),
    };
    settings.finish().map(|()| config)
}

/// Never where webhooks come in, which is open to the world.
fn apart(settings: &mut Settings<'_>, key: &str, example: &str) -> Option<SocketAddr> {
    let public = settings.take("http.listen").and_then(|setting| setting.text().parse::<SocketAddr>().ok());
    let other = |address: &SocketAddr| Some(*address) != public;
    let expected = format!("an address such as {example}, and another than http.listen");
    settings.parsed(key, &expected, |text| text.parse().ok().filter(other))
}

fn telegram(settings: &mut Settings<'_>) -> TelegramConfig {
    let official = || Url::parse(&format!("https://{OFFICIAL}")).expect("the official address is a URL");
    let web = |text: &str| url_of(text, &["http", "https"]);
    let api_url = settings.parsed("telegram.api_url", "an http:// or https:// URL", web).unwrap_or_else(official);
    let proxy = |text: &str| url_of(text, &["http", "https", "socks5", "socks5h"]).map(|_| Secret::new(text));
    let proxy =
        settings.parsed("telegram.proxy", "an http:// or socks5:// URL (not shown: it may hold a password)", proxy);
    let webhook = webhook(settings, &api_url);
    TelegramConfig { api_url, proxy, webhook, guides: guides(settings) }
}

fn webhook(settings: &mut Settings<'_>, api_url: &Url) -> Option<String> {
    let url = if api_url.host_str() == Some(OFFICIAL) {
        let expected = "an https:// URL on port 443, 80, 88 or 8443, without a question mark, as Telegram asks";
        settings.parsed("telegram.webhook", expected, |text| public(text, &["https"]).filter(has_official_port))
    } else {
        let expected = "an http:// or https:// URL without a question mark";
        settings.parsed("telegram.webhook", expected, |text| public(text, &["http", "https"]))
    };
    url.map(|url| url.as_str().trim_end_matches('/').to_owned())
}

/// An address to which paths can be added.
fn public(text: &str, schemes: &[&str]) -> Option<Url> {
    let plain = |url: &Url| url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    url_of(text, schemes).filter(plain)
}

fn has_official_port(url: &Url) -> bool {
    url.port_or_known_default().is_some_and(|port| [443, 80, 88, 8443].contains(&port))
}

fn guides(settings: &mut Settings<'_>) -> Guides {
    let default = Guides::default();
    let interval = settings.number("telegram.pace.chat_interval_ms", 0, 60_000).map(Duration::from_millis);
    Guides {
        chat_interval: interval.unwrap_or(default.chat_interval),
        group_per_minute: settings
            .number("telegram.pace.group_per_minute", 0, 10_000)
            .unwrap_or(default.group_per_minute),
        bot_per_second: settings.number("telegram.pace.bot_per_second", 0, 10_000).unwrap_or(default.bot_per_second),
    }
}

fn store(settings: &mut Settings<'_>, environment: Environment<'_>) -> StoreConfig {
    let default = Retention::default();
    let path = settings.path("store.path");
    let state = environment.folder("STATE_DIRECTORY").unwrap_or_default();
    let url = settings.parsed("store.url", "a postgres:// URL (not shown: it may hold a password)", postgres);
    // Under systemd a password needs no variable: the unit loads /etc/maskarad/credentials.
    let url = url.or_else(|| environment.credential(DATABASE_URL).ok().as_deref().and_then(postgres));
    StoreConfig {
        target: match url {
            Some(url) => StoreTarget::Postgres(url),
            None => StoreTarget::Sqlite(path.unwrap_or_else(|| state.join("maskarad.db"))),
        },
        wait: Duration::from_secs(settings.number("store.wait_seconds", 0, 86_400).unwrap_or(60)),
        retention: Retention {
            message_days: settings.number("store.retention.message_days", 1, 36_500).unwrap_or(default.message_days),
            messages_per_chat: settings
                .number("store.retention.messages_per_chat", 60, 1_000_000)
                .unwrap_or(default.messages_per_chat),
            inbox_hours: settings.number("store.retention.inbox_hours", 24, 168).unwrap_or(default.inbox_hours),
            job_days: settings.number("store.retention.job_days", 1, 36_500).unwrap_or(default.job_days),
            jobs_per_chat: settings
                .number("store.retention.jobs_per_chat", 1, 1_000_000)
                .unwrap_or(default.jobs_per_chat),
        },
    }
}

fn queue(settings: &mut Settings<'_>) -> QueueConfig {
    let default = Bounds::default();
    let minutes = settings.number("queue.backlog_minutes", 1, 1440).map(time::Duration::minutes);
    QueueConfig {
        bounds: Bounds {
            directed: settings.number("queue.most_directed", 100, 100_000_000).unwrap_or(default.directed),
            ambient: settings.number("queue.most_ambient", 100, 100_000_000).unwrap_or(default.ambient),
            unrouted: settings.number("queue.most_updates", 1000, 100_000_000).unwrap_or(default.unrouted),
        },
        stale_after: minutes.unwrap_or(STALE_AFTER),
    }
}

fn url_of(text: &str, schemes: &[&str]) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (schemes.contains(&url.scheme()) && url.has_host()).then_some(url)
}

fn postgres(text: &str) -> Option<Secret> {
    let url = Url::parse(text).ok()?;
    matches!(url.scheme(), "postgres" | "postgresql").then(|| Secret::new(text))
}

impl Settings<'_> {
    /// A whole number from `least` to `most`.
    fn number<T: FromStr + PartialOrd + Display + Copy>(&mut self, key: &str, least: T, most: T) -> Option<T> {
        let expected = format!("a whole number from {least} to {most}");
        self.parsed(key, &expected, |text| text.parse().ok().filter(|number| (least..=most).contains(number)))
    }

    /// A path; in the file relative to its folder.
    fn path(&mut self, key: &str) -> Option<PathBuf> {
        let setting = self.take(key)?;
        let folder = match setting {
            Setting::InFile { .. } => self.folder(),
            Setting::InVariable { .. } => Path::new(""),
        };
        Some(folder.join(setting.text()))
    }

    fn parsed<T>(&mut self, key: &str, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let setting = self.take(key)?;
        let parsed = parse(setting.text());
        if parsed.is_none() {
            self.refuse(key, &setting, expected);
        }
        parsed
    }
}

#[cfg(test)]
mod tests;
