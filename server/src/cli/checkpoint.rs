//! `maskarad model`: checkpoints, looked at and fetched.

mod inspect;
mod pull;

use clap::Subcommand;

use crate::config::daemon::DaemonConfig;

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Tell what a checkpoint or an adapter is: architecture, parameters, tokenizer, template, memory.
    Inspect(inspect::Arguments),
    /// Fetch a checkpoint from the Hugging Face hub, only the files it needs, each checked by its hash.
    ///
    /// Asked again after a cut, it goes on from there; the folder appears when all of it is there. Private and gated
    /// repositories need a token in HF_TOKEN.
    Pull(pull::Arguments),
}

pub(super) fn run(command: &Command, config: &DaemonConfig) -> anyhow::Result<()> {
    match command {
        Command::Inspect(arguments) => inspect::run(arguments, config),
        Command::Pull(arguments) => pull::run(arguments),
    }
}
