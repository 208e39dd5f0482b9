//! The settings as they are written: each a text with its place, from the file or from a variable.

use std::path::Path;

use serde_saphyr::{Location, Spanned};

use crate::config::declare::records;
use crate::config::environment::Environment;
use crate::config::problem::{Problem, Problems, Report};
use crate::config::record::{self, Maybe};

/// Each key, the variable that overrides it, and where it stands in the file.
const KEYS: [(&str, &str, InFile); 41] = [
    ("name", "MASKARAD_NAME", |file| file.name.take()),
    ("telegram.api_url", "MASKARAD_TELEGRAM_API_URL", |file| file.telegram.api_url.take()),
    ("telegram.proxy", "MASKARAD_TELEGRAM_PROXY", |file| file.telegram.proxy.take()),
    ("telegram.webhook", "MASKARAD_TELEGRAM_WEBHOOK", |file| file.telegram.webhook.take()),
    ("telegram.pace.chat_interval_ms", "MASKARAD_PACE_CHAT_INTERVAL_MS", |file| {
        file.telegram.pace.chat_interval_ms.take()
    }),
    ("telegram.pace.group_per_minute", "MASKARAD_PACE_GROUP_PER_MINUTE", |file| {
        file.telegram.pace.group_per_minute.take()
    }),
    ("telegram.pace.bot_per_second", "MASKARAD_PACE_BOT_PER_SECOND", |file| file.telegram.pace.bot_per_second.take()),
    ("http.listen", "MASKARAD_HTTP_LISTEN", |file| file.http.listen.take()),
    ("http.metrics_listen", "MASKARAD_HTTP_METRICS_LISTEN", |file| file.http.metrics_listen.take()),
    ("http.api_listen", "MASKARAD_HTTP_API_LISTEN", |file| file.http.api_listen.take()),
    ("http.api_replies", "MASKARAD_HTTP_API_REPLIES", |file| file.http.api_replies.take()),
    ("http.console_texts", "MASKARAD_HTTP_CONSOLE_TEXTS", |file| file.http.console_texts.take()),
    ("engine.threads", "MASKARAD_ENGINE_THREADS", |file| file.engine.threads.take()),
    ("engine.kv_memory", "MASKARAD_ENGINE_KV_MEMORY", |file| file.engine.kv_memory.take()),
    ("engine.max_batch", "MASKARAD_ENGINE_MAX_BATCH", |file| file.engine.max_batch.take()),
    ("engine.instruction_set", "MASKARAD_ENGINE_INSTRUCTION_SET", |file| file.engine.instruction_set.take()),
    ("store.url", "DATABASE_URL", |file| file.store.url.take()),
    ("store.path", "MASKARAD_STORE_PATH", |file| file.store.path.take()),
    ("store.wait_seconds", "MASKARAD_STORE_WAIT_SECONDS", |file| file.store.wait_seconds.take()),
    ("store.retention.message_days", "MASKARAD_RETENTION_MESSAGE_DAYS", |file| {
        file.store.retention.message_days.take()
    }),
    ("store.retention.messages_per_chat", "MASKARAD_RETENTION_MESSAGES_PER_CHAT", |file| {
        file.store.retention.messages_per_chat.take()
    }),
    ("store.retention.inbox_hours", "MASKARAD_RETENTION_INBOX_HOURS", |file| file.store.retention.inbox_hours.take()),
    ("store.retention.job_days", "MASKARAD_RETENTION_JOB_DAYS", |file| file.store.retention.job_days.take()),
    ("store.retention.jobs_per_chat", "MASKARAD_RETENTION_JOBS_PER_CHAT", |file| {
        file.store.retention.jobs_per_chat.take()
    }),
    ("queue.most_directed", "MASKARAD_QUEUE_MOST_DIRECTED", |file| file.queue.most_directed.take()),
    ("queue.most_ambient", "MASKARAD_QUEUE_MOST_AMBIENT", |file| file.queue.most_ambient.take()),
    ("queue.most_updates", "MASKARAD_QUEUE_MOST_UPDATES", |file| file.queue.most_updates.take()),
    ("queue.backlog_minutes", "MASKARAD_QUEUE_BACKLOG_MINUTES", |file| file.queue.backlog_minutes.take()),
    ("workers.broker", "MASKARAD_BROKER", |file| file.workers.broker.take()),
    ("workers.ca", "MASKARAD_BROKER_CA", |file| file.workers.ca.take()),
    ("workers.prefer", "MASKARAD_WORKERS_PREFER", |file| file.workers.prefer.take()),
    ("worker.name", "MASKARAD_WORKER_NAME", |file| file.worker.name.take()),
    ("worker.models", "MASKARAD_WORKER_MODELS", |file| file.worker.models.take()),
    ("worker.daemon", "MASKARAD_WORKER_DAEMON", |file| file.worker.daemon.take()),
    ("worker.key", "MASKARAD_WORKER_KEY", |file| file.worker.key.take()),
    ("worker.memory", "MASKARAD_WORKER_MEMORY", |file| file.worker.memory.take()),
    ("personas", "MASKARAD_PERSONAS", |file| file.personas.take()),
    ("watch_personas", "MASKARAD_WATCH_PERSONAS", |file| file.watch_personas.take()),
    ("cache", "MASKARAD_CACHE", |file| file.cache.take()),
    ("log.format", "MASKARAD_LOG_FORMAT", |file| file.log.format.take()),
    ("log.filter", "MASKARAD_LOG", |file| file.log.filter.take()),
];

type Value = Maybe<String>;

/// Where a key stands in the file.
type InFile = fn(&mut File) -> Value;

records! {
    struct File {
        name: Value,
        telegram: Telegram,
        http: Http,
        engine: Engine,
        store: Store,
        queue: Queue,
        workers: Workers,
        worker: Worker,
        personas: Value,
        watch_personas: Value,
        cache: Value,
        log: Log,
    }

    struct Telegram {
        api_url: Value,
        proxy: Value,
        webhook: Value,
        pace: Pace,
    }

    struct Pace {
        chat_interval_ms: Value,
        group_per_minute: Value,
        bot_per_second: Value,
    }

    struct Http {
        listen: Value,
        metrics_listen: Value,
        api_listen: Value,
        api_replies: Value,
        console_texts: Value,
    }

    struct Engine {
        threads: Value,
        kv_memory: Value,
        max_batch: Value,
        instruction_set: Value,
    }

    struct Store {
        url: Value,
        path: Value,
        wait_seconds: Value,
        retention: Retention,
    }

    struct Retention {
        message_days: Value,
        messages_per_chat: Value,
        inbox_hours: Value,
        job_days: Value,
        jobs_per_chat: Value,
    }

    struct Queue {
        most_directed: Value,
        most_ambient: Value,
        most_updates: Value,
        backlog_minutes: Value,
    }

    struct Workers {
        broker: Value,
        ca: Value,
        prefer: Value,
    }

    struct Worker {
        name: Value,
        models: Value,
        daemon: Value,
        key: Value,
        memory: Value,
    }

    struct Log {
        format: Value,
        filter: Value,
    }
}

/// One setting, as written.
#[derive(Clone)]
pub(super) enum Setting {
    /// In the file.
    InFile { text: String, location: Location },
    /// In an environment variable.
    InVariable { text: String, name: &'static str },
}

impl Setting {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::InFile { text, .. } | Self::InVariable { text, .. } => text,
        }
    }
}

/// All settings that are written anywhere, and what was found wrong with them.
pub(super) struct Settings<'a> {
    file: &'a Path,
    settings: Vec<(&'static str, Setting)>,
    /// Keys of the file that don't count, because a variable does.
    overridden: Vec<&'static str>,
    report: Report<'a>,
}

impl<'a> Settings<'a> {
    /// Reads the file's text and looks up every variable, which come first.
    pub(super) fn read(file: &'a Path, text: &str, environment: Environment<'_>) -> Self {
        // No line of this file is ever shown: the proxy and the database URL may hold passwords.
        let mut report = Report::new(file, None);
        let mut parsed: File = record::read(text, &mut report).unwrap_or_else(record::nothing);
        let (mut settings, mut overridden) = (Vec::new(), Vec::new());
        for (key, variable, in_file) in KEYS {
            let of_variable = environment.get(variable).map(|text| Setting::InVariable { text, name: variable });
            let of_file = in_file(&mut parsed)
                .map(|Spanned { value, referenced, .. }| Setting::InFile { text: value, location: referenced });
            if of_variable.is_some() && of_file.is_some() {
                overridden.push(key);
            }
            settings.extend(of_variable.or(of_file).map(|setting| (key, setting)));
        }
        Self { file, settings, overridden, report }
    }

    /// The setting of a key, where it is written.
    pub(super) fn take(&mut self, key: &str) -> Option<Setting> {
        debug_assert!(KEYS.iter().any(|(known, ..)| *known == key), "{key} is no setting");
        self.settings.iter().find(|(known, _)| *known == key).map(|(_, setting)| setting.clone())
    }

    /// Whether the file says something about a key, and a variable overrides it.
    pub(super) fn is_overridden(&self, key: &str) -> bool {
        self.overridden.contains(&key)
    }

    /// The folder that relative paths in the file start from.
    pub(super) fn folder(&self) -> &'a Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    /// Notes that a setting isn't what was expected. Its value isn't shown: it may be a secret.
    pub(super) fn refuse(&mut self, key: &str, setting: &Setting, expected: &str) {
        match setting {
            Setting::InFile { location, .. } => self.report.note(key, *location, format!("expected {expected}")),
            Setting::InVariable { name, .. } => self.refuse_at(&format!("${name}"), key, expected),
        }
    }

    /// Notes that a credential isn't what was expected for this key.
    pub(super) fn refuse_credential(&mut self, name: &str, key: &str, expected: &str) {
        self.refuse_at(&format!("credential {name}"), key, expected);
    }

    fn refuse_at(&mut self, place: &str, key: &str, expected: &str) {
        self.report.problems.push(Problem::of_file(Path::new(place), key, format!("expected {expected}")));
    }

    /// Whether all went well.
    pub(super) fn finish(self) -> Result<(), Problems> {
        let problems = self.report.into_problems();
        if problems.0.is_empty() { Ok(()) } else { Err(problems) }
    }
}
