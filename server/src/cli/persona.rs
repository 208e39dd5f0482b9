//! `maskarad persona`: a persona from its first file to its checkpoint.

use clap::Subcommand;

use crate::config::daemon::DaemonConfig;

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {}

pub(super) fn run(command: &Command, _config: &DaemonConfig) -> anyhow::Result<()> {
    match *command {}
}
