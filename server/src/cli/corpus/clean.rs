//! `maskarad corpus clean`.

use clap::Args;

/// What `corpus clean` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {}

pub(super) fn run(_arguments: &Arguments) -> anyhow::Result<()> {
    anyhow::bail!("comes with this issue")
}
