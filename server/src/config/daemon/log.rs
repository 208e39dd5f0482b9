//! The settings of the log.

use super::raw::Settings;
use crate::config::environment::Environment;

/// What is logged, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// How a line looks; `None` leaves it to where standard error goes.
    pub format: Option<LogFormat>,
    /// `tracing`'s filter, such as `info,maskarad=debug`; `None` leaves it to the command.
    pub filter: Option<String>,
    /// Whether the file has a filter that doesn't count, because a variable has one.
    pub filter_overridden: bool,
    /// The stream to the journal that systemd says it has given this process.
    pub journal_stream: Option<JournalStream>,
}

/// What `$JOURNAL_STREAM` names: a file that is open here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalStream {
    /// The device it is on.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
    /// Entries of the systemd journal, with fields.
    Journald,
}

/// What is logged, and where to; `$JOURNAL_STREAM` is systemd's word for where standard error goes.
pub(super) fn read(settings: &mut Settings<'_>, environment: Environment<'_>) -> LogConfig {
    let format = |text: &str| match text {
        "human" => Some(LogFormat::Human),
        "json" => Some(LogFormat::Json),
        "journald" => Some(LogFormat::Journald),
        _ => None,
    };
    LogConfig {
        format: settings.parsed("log.format", "human, json or journald", format),
        filter: settings.parsed("log.filter", "a filter such as info or warn,maskarad=debug", filter),
        filter_overridden: settings.is_overridden("log.filter"),
        journal_stream: environment.get("JOURNAL_STREAM").as_deref().and_then(journal_stream),
    }
}

fn journal_stream(text: &str) -> Option<JournalStream> {
    let (device, inode) = text.split_once(':')?;
    Some(JournalStream { device: device.parse().ok()?, inode: inode.parse().ok()? })
}

/// A filter that `tracing` understands. It takes white space for a part of names, and panics on other letters behind it.
fn filter(text: &str) -> Option<String> {
    let directives: Vec<&str> = text.split(',').map(str::trim).collect();
    let filter = directives.join(",");
    (filter.is_ascii() && tracing_subscriber::EnvFilter::try_new(&filter).is_ok()).then_some(filter)
}
