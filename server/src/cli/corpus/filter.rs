//! `maskarad corpus filter`.

use clap::Args;

/// What `corpus filter` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {}

pub(super) fn run(_arguments: &Arguments) -> anyhow::Result<()> {
    anyhow::bail!("comes with this issue")
}
