//! The log: for people or machines on standard error, or in the systemd journal. What it lets through can be changed while the
//! process runs.

mod journal;

use std::io::IsTerminal;
use std::path::Path;

use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};

use self::journal::Journal;
use crate::config::daemon::{LogConfig, LogFormat};
use crate::config::problem::Problems;

/// Libraries that trace what they work on, which is what people write: never asked for that much.
const TELLTALES: [&str; 1] = ["tokenizers"];
/// Let through whatever the filter says: the ids that lines are found by, and what is told of the filter itself.
const ALWAYS: [&str; 2] = ["maskarad::request=info", "maskarad::log=info"];

/// The log of this process.
pub(super) struct Log {
    filter: reload::Handle<EnvFilter, Registry>,
    default_filter: &'static str,
}

/// Starts the log of this process. A second start changes nothing.
pub(super) fn init(config: &LogConfig, default_filter: &'static str) -> Log {
    let (filter, handle) = reload::Layer::new(filter(config.filter.as_deref().unwrap_or(default_filter)));
    let quiet = filter_fn(|about| !tells(about));
    let registry = tracing_subscriber::registry().with(filter).with(quiet);
    let (started, trouble) = match config.format.unwrap_or_else(|| fitting(config)) {
        LogFormat::Journald => match Journal::open(Path::new(journal::SOCKET)) {
            Ok(journal) => (registry.with(journal).try_init(), None),
            Err(error) => (registry.with(human(std::io::stderr)).try_init(), Some(error)),
        },
        LogFormat::Json => (registry.with(json(std::io::stderr)).try_init(), None),
        LogFormat::Human => (registry.with(human(std::io::stderr)).try_init(), None),
    };
    if let Err(error) = started {
        tracing::debug!("the log had been started before: {error}");
    }
    if let Some(error) = trouble {
        tracing::warn!(%error, "{} can't be written to; the log goes to standard error", journal::SOCKET);
    }
    Log { filter: handle, default_filter }
}

/// The journal where standard error leads there already, and was not sent elsewhere on the way.
fn fitting(config: &LogConfig) -> LogFormat {
    let here = rustix::fs::fstat(std::io::stderr());
    match (config.journal_stream, here) {
        (Some(stream), Ok(here)) if (stream.device, stream.inode) == (here.st_dev, here.st_ino) => LogFormat::Journald,
        _ => LogFormat::Human,
    }
}

/// A filter that is known to be one.
fn filter(text: &str) -> EnvFilter {
    let always = ALWAYS.into_iter().filter_map(|directive| directive.parse().ok());
    always.fold(EnvFilter::new(text), EnvFilter::add_directive)
}

/// Whether a line, or a span, may tell what people write.
fn tells(about: &Metadata<'_>) -> bool {
    let library = about.target().split("::").next().unwrap_or_default();
    *about.level() > Level::INFO && TELLTALES.contains(&library)
}

fn human<S, W>(writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    // A full disk is no reason to stop: reporting that a line could not be written would panic, for it goes the same way.
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).log_internal_errors(false);
    layer.with_ansi(std::io::stderr().is_terminal()).with_target(false)
}

fn json<S, W>(writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).log_internal_errors(false);
    layer.json().flatten_event(true).with_current_span(false)
}

impl Log {
    /// Lets through from now on what the settings say, which were read again.
    pub(super) fn follow(&self, settings: Result<LogConfig, Problems>) {
        let config = match settings {
            Ok(config) => config,
            Err(problems) => {
                tracing::error!(target: "maskarad::log", %problems, "the settings are refused; the log's filter stays as it is");
                return;
            }
        };
        let text = config.filter.as_deref().unwrap_or(self.default_filter);
        if let Err(error) = self.filter.reload(filter(text)) {
            tracing::error!(target: "maskarad::log", %error, "the log's filter can't be changed");
            return;
        }
        // Libraries that write by the crate `log` ask it first, and it was told at the start.
        log::set_max_level(most());
        tracing::info!(target: "maskarad::log", filter = text, "the log's filter");
        if config.filter_overridden {
            tracing::warn!(target: "maskarad::log", "log.filter of the settings doesn't count: $MASKARAD_LOG is set");
        }
    }
}

/// The most that anything lets through, in the words of the crate `log`.
fn most() -> log::LevelFilter {
    match LevelFilter::current().into_level() {
        None => log::LevelFilter::Off,
        Some(Level::ERROR) => log::LevelFilter::Error,
        Some(Level::WARN) => log::LevelFilter::Warn,
        Some(Level::INFO) => log::LevelFilter::Info,
        Some(Level::DEBUG) => log::LevelFilter::Debug,
        Some(Level::TRACE) => log::LevelFilter::Trace,
    }
}

#[cfg(test)]
mod tests;
