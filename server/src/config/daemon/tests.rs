//! Settings, right and wrong.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{DaemonConfig, JournalStream, LogConfig, LogFormat, StoreTarget, load, parse};
use crate::config::environment::Environment;
use crate::config::problem::Problems;

fn read(text: &str, variables: &[(&str, &str)]) -> Result<DaemonConfig, Problems> {
    let lookup = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    parse(Path::new("etc/maskarad.yaml"), text, Environment::new(&lookup))
}

#[test]
fn nothing_written_means_the_defaults() {
    let config = read("", &[]).unwrap();
    assert_eq!(config.telegram.api_url.as_str(), "https://api.telegram.org/");
    assert!(config.telegram.proxy.is_none() && config.telegram.webhook.is_none() && config.listen.is_none());
    assert_eq!(config.metrics_listen, None);
    let cache = Some("cache".into());
    assert_eq!(config.engine, maskarad_engine::EngineConfig { cache, ..maskarad_engine::EngineConfig::default() });
    assert_eq!(config.store.target, StoreTarget::Sqlite(PathBuf::from("maskarad.db")));
    assert_eq!(config.store.wait, Duration::from_secs(60));
    assert_eq!(config.store.retention, crate::store::Retention::default());
    assert_eq!(config.personas, Path::new("personas"));
    let log = LogConfig { format: None, filter: None, filter_overridden: false, journal_stream: None };
    assert_eq!(config.log, log);
}

#[test]
fn the_example_says_the_defaults() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../maskarad.example.yaml");
    let text = std::fs::read_to_string(path).unwrap();
    let example = parse(Path::new("maskarad.yaml"), &text, Environment::new(&|_| None)).unwrap();
    let defaults = read("", &[]).unwrap();
    assert_eq!(format!("{example:?}"), format!("{defaults:?}"));
    // What is commented out is sound too.
    let everything: String = text
        .lines()
        .map(|line| match line.trim_start().strip_prefix("# ") {
            Some(rest)
                if rest
                    .split_once(": ")
                    .is_some_and(|(key, _)| key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')) =>
            {
                format!("{}{rest}\n", &line[..line.len() - line.trim_start().len()])
            }
            _ => format!("{line}\n"),
        })
        .collect();
    let full = parse(Path::new("maskarad.yaml"), &everything, Environment::new(&|_| None)).unwrap();
    assert_eq!(full.name.unwrap().as_str(), "bus-1");
    assert_eq!(full.engine.threads, 2);
    assert_eq!(full.telegram.proxy.unwrap().expose(), "socks5h://127.0.0.1:1080");
    assert!(matches!(full.store.target, StoreTarget::Postgres(_)));
    assert_eq!(full.listen, Some(([127, 0, 0, 1], 8443).into()));
    assert_eq!(full.metrics_listen, Some(([127, 0, 0, 1], 9464).into()));
    assert_eq!(full.telegram.webhook.as_deref(), Some("https://bots.example.org"));
    assert!(full.workers.broker.is_some() && full.worker.daemon.is_some() && full.worker.memory == Some(2 << 30));
}

#[test]
fn the_file_is_read_and_the_environment_comes_first() {
    let text = "telegram: { api_url: 'http://localhost:8081', proxy: 'http://u:p@proxy' }
engine: { threads: 3, kv_memory: 1GiB, max_batch: 4, instruction_set: scalar }
store: { path: state/m.db, wait_seconds: 5, retention: { message_days: 7 } }
personas: who
log: { format: json, filter: debug }";
    let config = read(text, &[]).unwrap();
    assert_eq!(config.telegram.api_url.as_str(), "http://localhost:8081/");
    assert_eq!((config.engine.threads, config.engine.kv_memory, config.engine.max_batch), (3, 1 << 30, 4));
    assert_eq!(config.engine.instruction_set, Some(maskarad_engine::InstructionSet::Scalar));
    assert_eq!(config.store.target, StoreTarget::Sqlite(PathBuf::from("etc/state/m.db")));
    assert_eq!(config.store.retention.message_days, 7);
    assert_eq!(config.personas, Path::new("etc/who"));
    let variables = [
        ("DATABASE_URL", "postgres://u:p@db/m"),
        ("MASKARAD_TELEGRAM_API_URL", "http://emulator:1"),
        ("MASKARAD_TELEGRAM_PROXY", "socks5://u:p@proxy:1080"),
        ("MASKARAD_ENGINE_THREADS", "1"),
        ("MASKARAD_PERSONAS", "mine"),
        ("MASKARAD_LOG", "trace"),
        ("MASKARAD_LOG_FORMAT", ""),
    ];
    let config = read(text, &variables).unwrap();
    assert!(matches!(&config.store.target, StoreTarget::Postgres(url) if url.expose() == "postgres://u:p@db/m"));
    assert_eq!(config.telegram.api_url.as_str(), "http://emulator:1/");
    assert_eq!(config.engine.threads, 1);
    assert_eq!((config.personas.as_path(), config.log.format), (Path::new("mine"), Some(LogFormat::Json)));
    assert_eq!((config.log.filter.as_deref(), config.log.filter_overridden), (Some("trace"), true));
    let shown = format!("{config:?}");
    assert!(!shown.contains("u:p"), "{shown}");
}

#[test]
fn a_webhook_is_reached_as_telegram_asks() {
    let read = |text: &str, server: &str| {
        let variables = [("MASKARAD_TELEGRAM_WEBHOOK", text), ("MASKARAD_TELEGRAM_API_URL", server)];
        super::tests::read("", &variables).map(|config| config.telegram.webhook.unwrap())
    };
    for (text, means) in [
        ("https://bots.example.org", "https://bots.example.org"),
        ("https://bots.example.org:8443/a/b/", "https://bots.example.org:8443/a/b"),
    ] {
        assert_eq!(read(text, "").unwrap(), means);
    }
    for wrong in [
        "bots.example.org",
        "http://bots.example.org",
        "https://bots.example.org:8080",
        "https://bots.example.org/?a=b",
        "https://anna:hunter2@bots.example.org",
        "https://bots.example.org#a",
    ] {
        let told = read(wrong, "").unwrap_err().to_string();
        assert!(told.contains("$MASKARAD_TELEGRAM_WEBHOOK: telegram.webhook: expected"), "{told}");
    }
    // A Bot API server of one's own takes any address.
    assert_eq!(read("http://127.0.0.1:9999", "http://localhost:8081").unwrap(), "http://127.0.0.1:9999");
    assert!(super::tests::read("http: { listen: localhost }", &[]).is_err());
}

#[test]
fn state_goes_where_systemd_says() {
    let config = read("", &[("STATE_DIRECTORY", "/var/lib/maskarad:/x"), ("CACHE_DIRECTORY", "/var/cache/m")]).unwrap();
    assert_eq!(config.engine.cache.as_deref(), Some(Path::new("/var/cache/m")));
    assert_eq!(config.store.target, StoreTarget::Sqlite(PathBuf::from("/var/lib/maskarad/maskarad.db")));
}

#[test]
fn all_wrong_settings_are_told_at_once_and_no_secret_is() {
    let text = "telegram: { api_url: nowhere, proxy: 'ftp://u:hunter2@x', proxi: hunter2 }
engine: { threads: 0, kv_memory: lots, max_batch: [hunter2] }
caches: hunter2
store: { url: 'mysql://u:hunter2@x', wait_seconds: soon, retention: { inbox_hours: 1 } }
log: { format: xml, filter: 'a=b=c' }";
    let told = read(text, &[("MASKARAD_RETENTION_JOB_DAYS", "hunter2")]).unwrap_err();
    assert_eq!(told.0.len(), 13, "{told}");
    let told = told.to_string();
    assert!(told.contains("etc/maskarad.yaml:2:20: engine.threads: expected a whole number from 1 to 1024"), "{told}");
    assert!(told.contains("$MASKARAD_RETENTION_JOB_DAYS: store.retention.job_days: expected"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn systemd_says_which_stream_is_the_journal_s() {
    let stream = |text: &str| read("", &[("JOURNAL_STREAM", text)]).unwrap().log.journal_stream;
    assert_eq!(stream("8:123456"), Some(JournalStream { device: 8, inode: 123_456 }));
    for garbled in ["", "8", "8:", "8:x", "-8:1"] {
        assert_eq!(stream(garbled), None, "{garbled}");
    }
    let only_one = [read("log: { filter: debug }", &[]), read("", &[("MASKARAD_LOG", "debug")])];
    assert!(only_one.into_iter().all(|config| !config.unwrap().log.filter_overridden), "nothing is overridden");
}

/// Found by fuzzing: `tracing-subscriber` panicked.
#[test]
fn a_filter_is_tidied_and_one_of_other_letters_is_refused() {
    let filter = |text: &str| read(&format!("log: {{ filter: '{text}' }}"), &[]).map(|config| config.log.filter);
    assert_eq!(filter("info, maskarad=debug ").unwrap().as_deref(), Some("info,maskarad=debug"));
    for text in ["info, kv_meщ=b", "щ", "a[b{c=щ}]=info"] {
        assert!(filter(text).unwrap_err().to_string().contains("log.filter: expected a filter"), "{text}");
    }
}

#[test]
fn unknown_keys_and_broken_files_are_refused() {
    for (text, place) in [("speed: 1", "1:1"), ("store: { ulr: x }", "1:10"), ("store: 5", "1:8"), ("store: [", "1:8")]
    {
        let told = read(text, &[]).unwrap_err().to_string();
        assert!(told.starts_with(&format!("etc/maskarad.yaml:{place}")), "{told}");
    }
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let told = load(Some(Path::new("/nowhere/m.yaml")), Environment::new(&|_| None)).unwrap_err().to_string();
    assert!(told.starts_with("/nowhere/m.yaml: can't be read"), "{told}");
}
