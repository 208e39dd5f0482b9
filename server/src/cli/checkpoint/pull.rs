//! `maskarad model pull`.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use url::Url;

use crate::cli::output::Output;
use crate::cli::progress::Bar;
use crate::cli::runtime;
use crate::config::environment::Environment;
use crate::config::secret::Secret;
use crate::hub::{self, Endpoint, Repo};

const HUB: &str = "https://huggingface.co";

/// What `model pull` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// The repository, such as ai-forever/rugpt3small_based_on_gpt2.
    #[arg(value_name = "REPO")]
    repo: String,
    /// Branch, tag or commit.
    #[arg(long, default_value = "main")]
    revision: String,
    /// The folder to make [default: models/NAME].
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// The hub or a mirror of it [default: $HF_ENDPOINT, or the official hub].
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let repo = Repo::parse(&arguments.repo, &arguments.revision)?;
    let to = arguments.to.clone().unwrap_or_else(|| PathBuf::from("models").join(repo.short_name()));
    let endpoint = endpoint(arguments, Environment::of_process())?;
    let pulled = runtime()?.block_on(hub::pull(&endpoint, &repo, &to, &Bar::default()))?;
    let bytes: u64 = pulled.files.iter().map(|(_, size)| size).sum();
    let mut output = Output::open();
    writeln!(
        output,
        "{}: {} files, {} MiB, each checked; {repo} at {}",
        to.display(),
        pulled.files.len(),
        bytes.div_ceil(1 << 20),
        pulled.commit
    )?;
    writeln!(output, "look at it with: maskarad model inspect {}", to.display())?;
    Ok(())
}

fn endpoint(arguments: &Arguments, environment: Environment<'_>) -> anyhow::Result<Endpoint> {
    let text = arguments.endpoint.clone().or_else(|| environment.get("HF_ENDPOINT")).unwrap_or_else(|| HUB.to_owned());
    let is_web = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    let url = Url::parse(&text).ok().filter(is_web);
    let url = url.context("--endpoint (HF_ENDPOINT) is no address; expected https://huggingface.co or a mirror's")?;
    Ok(Endpoint { url, token: environment.get("HF_TOKEN").map(Secret::new) })
}
