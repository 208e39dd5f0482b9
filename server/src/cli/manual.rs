//! Manual pages and shell completions, from the command line's own description; packages are made with them.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;

/// What completions are asked for.
#[derive(Debug, clap::Args)]
pub(super) struct Completions {
    /// The shell.
    shell: Shell,
}

/// Where manual pages go.
#[derive(Debug, clap::Args)]
pub(super) struct Manual {
    /// The folder; it is made where it is missing.
    folder: PathBuf,
}

pub(super) fn completions(arguments: &Completions) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "maskarad", &mut script);
    Ok(std::io::stdout().lock().write_all(&script)?)
}

/// `maskarad.1`, and a page for each command.
pub(super) fn manual(arguments: &Manual) -> anyhow::Result<()> {
    let folder = &arguments.folder;
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), folder))
        .with_context(|| format!("{}: the manual can't be written", folder.display()))
}
