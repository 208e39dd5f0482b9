//! `maskarad backup`: a copy of the SQLite file, whole and of one moment, whatever the daemon does meanwhile.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::output::Output;
use super::runtime;
use crate::config::daemon::{DaemonConfig, StoreTarget};
use crate::store::{self, Existing};

/// What `backup` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The file to make.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace the file if there is one.
    #[arg(long)]
    force: bool,
}

pub(super) fn run(arguments: &Arguments, config: &DaemonConfig) -> anyhow::Result<()> {
    let file = arguments.file.display();
    let StoreTarget::Sqlite(database) = &config.store.target else {
        anyhow::bail!(
            "the state is in PostgreSQL, which copies it with a tool of its own: \
             pg_dump --format=custom --file='{file}' \"$DATABASE_URL\" (docs/OPERATING.md tells how it is restored)"
        );
    };
    let existing = if arguments.force { Existing::Replace } else { Existing::Keep };
    let bytes = runtime()?.block_on(store::backup(database, &arguments.file, existing))?;
    writeln!(Output::open(), "{file}: {bytes} bytes, checked")?;
    Ok(())
}
