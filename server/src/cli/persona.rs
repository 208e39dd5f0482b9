//! `maskarad persona`: a persona from its first file to its checkpoint.

mod build;
mod new;

use clap::Subcommand;

use crate::config::daemon::DaemonConfig;

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write the two files of a new persona, the manifest and the workshop file, both with comments.
    ///
    /// What isn't given is asked for, if this is a terminal.
    New(Box<new::Arguments>),
    /// Make a persona by its workshop file: import, clean, filter, train, eval, and put it where its manifest serves it from.
    ///
    /// Only what has changed is done again, and what was interrupted goes on.
    Build(build::Arguments),
}

pub(super) fn run(command: &Command, config: &DaemonConfig) -> anyhow::Result<()> {
    match command {
        Command::New(arguments) => new::run(arguments, config),
        Command::Build(arguments) => build::run(arguments, config),
    }
}
