//! `maskarad train`.

use clap::Args;

use crate::config::daemon::DaemonConfig;

/// What `train` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments, _config: &DaemonConfig) -> anyhow::Result<()> {
    anyhow::bail!("comes with this issue")
}
