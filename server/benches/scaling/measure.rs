//! What one machine can do: messages a second through PostgreSQL by the store's own calls, and through RabbitMQ's quorum queues.
//! Whoever measures and what is measured share the cores.

mod cluster;
mod cpu;
mod postgres;
mod rabbitmq;
mod talk;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::page::Page;

/// Measures both, each for so long in each round.
pub(crate) async fn run(span: Duration, page: &mut Page) -> anyhow::Result<()> {
    page.chapter("PostgreSQL", &postgres::table(span).await?);
    page.chapter("RabbitMQ", &rabbitmq::table(span).await?);
    Ok(())
}

/// Calls one of the repository's scripts; returns what it said.
fn script(name: &str, arguments: &[&str], variables: &[(&str, &Path)]) -> anyhow::Result<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../scripts").join(name);
    let done = Command::new(&path).args(arguments).envs(variables.iter().copied()).output()?;
    ensure!(done.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&done.stderr));
    Ok(String::from_utf8(done.stdout).context("a script says plain text")?.trim().to_owned())
}
