//! Generation on other machines: where daemon and workers meet, and what a worker needs besides.

use std::path::{Path, PathBuf};

use url::Url;

use super::raw::Settings;
use crate::config::environment::Environment;
use crate::config::secret::Secret;
use crate::config::units;
use crate::generator::Prefer;
use crate::remote::BrokerConfig;

/// The credential with the broker's URL.
const BROKER: &str = "maskarad_broker-url";
/// The credential with the key of the daemon's API.
const KEY: &str = "maskarad_worker-key";

/// Where daemon and workers meet.
#[derive(Clone, Debug)]
pub struct WorkersConfig {
    /// The broker; without it all replies are made in this process.
    pub broker: Option<BrokerConfig>,
    /// Where replies are made when both could.
    pub prefer: Prefer,
}

/// What a worker needs besides.
#[derive(Clone, Debug)]
pub struct WorkerSettings {
    /// What people call it; the machine's name where absent.
    pub name: Option<String>,
    /// The folder in which it looks for weights.
    pub models: PathBuf,
    /// The daemon that weights are fetched from.
    pub daemon: Option<Url>,
    /// A key of that daemon's API.
    pub key: Option<Secret>,
    /// Bytes that all weights together may take; most of the machine's memory where absent.
    pub memory: Option<usize>,
}

pub(super) fn read(settings: &mut Settings<'_>, environment: Environment<'_>) -> (WorkersConfig, WorkerSettings) {
    let expected = "amqp://USER:PASSWORD@HOST:5672/VHOST, or amqps:// (not shown: it holds a password)";
    let url = settings.parsed("workers.broker", expected, broker);
    let url = url.or_else(|| environment.credential(BROKER).ok().as_deref().and_then(broker));
    let ca = settings.path("workers.ca");
    let workers = WorkersConfig {
        broker: url.map(|url| BrokerConfig { url, ca }),
        prefer: settings.parsed("workers.prefer", "faster or workers", prefer).unwrap_or(Prefer::Faster),
    };
    let http = |text: &str| super::url_of(text, &["http", "https"]);
    let key =
        settings.parsed("worker.key", "a key of `maskarad key create` (not shown)", |text| Some(Secret::new(text)));
    let memory = |text: &str| units::bytes(text).filter(|bytes| *bytes >= 1 << 20);
    let worker = WorkerSettings {
        name: settings.parsed("worker.name", "a name of at most 60 letters, digits, dots and hyphens", name),
        models: settings.path("worker.models").unwrap_or_else(|| Path::new("personas").to_owned()),
        daemon: settings.parsed("worker.daemon", "the http:// or https:// URL of a daemon's http.api_listen", http),
        key: key.or_else(|| environment.credential(KEY).ok().map(Secret::new)),
        memory: settings.parsed("worker.memory", "at least 1 MiB, such as 2GiB", memory),
    };
    (workers, worker)
}

fn broker(text: &str) -> Option<Secret> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "amqp" | "amqps") && url.has_host()).then(|| Secret::new(text))
}

fn prefer(text: &str) -> Option<Prefer> {
    match text {
        "faster" => Some(Prefer::Faster),
        "workers" => Some(Prefer::Workers),
        _ => None,
    }
}

fn name(text: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (!text.is_empty() && text.len() <= 60 && text.chars().all(plain)).then(|| text.to_owned())
}
