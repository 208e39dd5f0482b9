//! `maskarad persona`: a persona from its first file to its checkpoint, and which of several daemons serves it.

mod build;
mod new;
mod place;

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
    /// Move a persona to one of several daemons on one PostgreSQL, and wait until it is served there.
    ///
    /// It finishes the replies under way where it was, goes on where it is wanted, and stays there: while that daemon is gone
    /// another serves it, and when it is back it gets the persona back. `--anywhere` ends that.
    #[command(
        after_help = "Examples:\n  maskarad persona where\n  maskarad persona move avtobus --to bus-2\n  maskarad persona move avtobus --anywhere"
    )]
    Move(place::Move),
    /// Tell which of several daemons on one PostgreSQL serves which persona, and since when.
    Where,
}

pub(super) fn run(command: &Command, config: &DaemonConfig) -> anyhow::Result<()> {
    match command {
        Command::New(arguments) => new::run(arguments, config),
        Command::Build(arguments) => build::run(arguments, config),
        Command::Move(arguments) => place::run(arguments, config),
        Command::Where => place::show(config),
    }
}
