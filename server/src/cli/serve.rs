//! `maskarad serve`.

use crate::config::daemon::DaemonConfig;

/// Serves all personas until stopped.
pub(super) fn run(_config: DaemonConfig) -> anyhow::Result<()> {
    anyhow::bail!("serving is not implemented yet")
}
