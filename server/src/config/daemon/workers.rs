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
    /// Bytes that all weights together may take; half of the machine's memory where absent.
    pub memory: Option<usize>,
}

pub(super) fn read(settings: &mut Settings<'_>, environment: Environment<'_>) -> (WorkersConfig, WorkerSettings) {
    let expected = "amqp://USER:PASSWORD@HOST:5672/VHOST, or amqps:// (not shown: it holds a password)";
    let url = settings.parsed("workers.broker", expected, broker);
    let url = url.or_else(|| credential(settings, environment, expected));
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

/// The broker's URL where no setting names one.
fn credential(settings: &mut Settings<'_>, environment: Environment<'_>, expected: &str) -> Option<Secret> {
    let text = environment.credential(BROKER).ok().filter(|_| settings.take("workers.broker").is_none())?;
    let url = broker(&text);
    if url.is_none() {
        settings.refuse_credential(BROKER, "workers.broker", expected);
    }
    url
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::daemon::{DaemonConfig, parse};
    use crate::config::problem::Problems;

    const URL: &str = "amqps://anna:hunter2@broker:5671/maskarad";

    fn read(text: &str, variables: &[(&str, &str)]) -> Result<DaemonConfig, Problems> {
        let lookup =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        parse(Path::new("etc/maskarad.yaml"), text, Environment::new(&lookup))
    }

    #[test]
    fn nothing_written_means_no_workers() {
        let config = read("", &[]).unwrap();
        assert!(config.workers.broker.is_none() && config.worker.daemon.is_none() && config.worker.key.is_none());
        assert_eq!((config.workers.prefer, config.worker.models.as_path()), (Prefer::Faster, Path::new("personas")));
        assert_eq!((config.worker.name, config.worker.memory), (None, None));
    }

    #[test]
    fn all_of_it_is_read_and_no_secret_is_shown() {
        let text = format!(
            "workers: {{ broker: '{URL}', ca: broker.pem, prefer: workers }}
worker: {{ name: attic-1, models: m, daemon: 'https://bots.example.org', key: mk_hunter2, memory: 2GiB }}"
        );
        let config = read(&text, &[]).unwrap();
        let broker = config.workers.broker.as_ref().unwrap();
        assert_eq!((broker.url.expose(), broker.ca.as_deref()), (URL, Some(Path::new("etc/broker.pem"))));
        assert_eq!(config.workers.prefer, Prefer::Workers);
        let worker = &config.worker;
        assert_eq!((worker.name.as_deref(), worker.models.as_path()), (Some("attic-1"), Path::new("etc/m")));
        assert_eq!(
            (worker.daemon.as_ref().unwrap().as_str(), worker.memory),
            ("https://bots.example.org/", Some(2 << 30))
        );
        assert_eq!(worker.key.as_ref().unwrap().expose(), "mk_hunter2");
        let other = read(&text, &[("MASKARAD_BROKER", "amqp://b"), ("MASKARAD_WORKER_KEY", "mk_other")]).unwrap();
        assert_eq!(other.workers.broker.unwrap().url.expose(), "amqp://b");
        assert_eq!(other.worker.key.unwrap().expose(), "mk_other");
        assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
    }

    #[test]
    fn credentials_stand_in_for_both_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let variables = [("CREDENTIALS_DIRECTORY", folder.path().to_str().unwrap())];
        std::fs::write(folder.path().join(BROKER), format!("{URL}\n")).unwrap();
        std::fs::write(folder.path().join(KEY), "mk_hunter2\n").unwrap();
        let config = read("", &variables).unwrap();
        assert_eq!(config.workers.broker.unwrap().url.expose(), URL);
        assert_eq!(config.worker.key.unwrap().expose(), "mk_hunter2");
        let config = read("workers: { broker: 'amqp://b' }", &variables).unwrap();
        assert_eq!(config.workers.broker.unwrap().url.expose(), "amqp://b");
        std::fs::write(folder.path().join(BROKER), "http://anna:hunter2@broker").unwrap();
        let told = read("", &variables).unwrap_err().to_string();
        assert!(told.contains("credential maskarad_broker-url: workers.broker: expected amqp://"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }

    #[test]
    fn what_is_wrong_is_told_and_no_secret_is() {
        for (text, told) in [
            ("workers: { broker: 'http://u:hunter2@b' }", "workers.broker: expected amqp://"),
            ("workers: { broker: hunter2 }", "workers.broker: expected amqp://"),
            ("workers: { prefer: hunter2 }", "workers.prefer: expected faster or workers"),
            ("worker: { name: 'hunter2 and spaces' }", "worker.name: expected a name of at most 60"),
            ("worker: { daemon: 'ftp://hunter2' }", "worker.daemon: expected the http:// or https:// URL"),
            ("worker: { memory: hunter2 }", "worker.memory: expected at least 1 MiB"),
            ("worker: { kee: hunter2 }", "worker.kee: unknown key"),
        ] {
            let said = read(text, &[]).unwrap_err().to_string();
            assert!(said.contains(told) && !said.contains("hunter2"), "{said}");
        }
        let said = read("", &[("MASKARAD_BROKER", "mqtt://u:hunter2@b")]).unwrap_err().to_string();
        assert!(said.starts_with("$MASKARAD_BROKER: workers.broker: expected") && !said.contains("hunter2"), "{said}");
    }
}
