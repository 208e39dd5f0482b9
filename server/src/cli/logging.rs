//! The log: to standard error, for people or for machines.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::daemon::{LogConfig, LogFormat};

/// Libraries that trace what they work on, which is what people write: never asked for that much.
const TELLTALES: [&str; 1] = ["tokenizers=info"];

/// Starts the log of this process. A second start changes nothing.
pub(super) fn init(config: &LogConfig, default_filter: &str) {
    let filter = config.filter.as_deref().unwrap_or(default_filter);
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new(default_filter));
    let filter = TELLTALES.into_iter().fold(filter, |filter, quiet| match quiet.parse() {
        Ok(quiet) => filter.add_directive(quiet),
        Err(_) => filter,
    });
    // A full disk is no reason to stop: reporting that a line could not be written would panic, for it goes the same way.
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).log_internal_errors(false);
    let started = match config.format {
        LogFormat::Human => builder.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if let Err(error) = started {
        tracing::debug!("the log had been started before: {error}");
    }
}
