//! `maskarad key`: who may call the HTTP API from elsewhere. A daemon may run meanwhile; it knows within seconds.

use std::io::Write;

use clap::{Args, Subcommand};
use time::OffsetDateTime;

use super::output::Output;
use super::{location, runtime};
use crate::api::PREFIX;
use crate::clock::secret_text;
use crate::config::daemon::DaemonConfig;
use crate::store::{self, ApiKey, KeyHash, Store};

/// Bytes of a key.
const SECRET_LENGTH: usize = 32;

/// What can be done about keys.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a key, and print it: this once, for only a hash of it is kept.
    Create(Create),
    /// List the keys.
    List,
    /// Revoke a key for good.
    Revoke {
        /// Which.
        #[arg(value_parser = name)]
        name: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// What to call it: a-z, 0-9, _ and -.
    #[arg(value_parser = name)]
    name: String,
    /// Requests a minute.
    #[arg(long, default_value_t = 60, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    per_minute: u32,
    /// Let it log in to the console, too: for a person, not for a program.
    #[arg(long)]
    console: bool,
}

pub(super) fn run(command: &Command, config: &DaemonConfig) -> anyhow::Result<()> {
    let location = location(config)?;
    runtime()?.block_on(async {
        let store = store::open(&location).await?;
        let done = carry_out(command, store.as_ref()).await;
        store.close().await;
        done
    })
}

async fn carry_out(command: &Command, store: &dyn Store) -> anyhow::Result<()> {
    let mut output = Output::open();
    match command {
        Command::Create(create) => {
            let secret = format!("{PREFIX}{}", secret_text::<SECRET_LENGTH>()?);
            let key = ApiKey {
                name: create.name.clone(),
                hash: KeyHash::of(&secret),
                per_minute: create.per_minute,
                console: create.console,
                created_at: OffsetDateTime::now_utc(),
                revoked: false,
            };
            let added = store.add_api_key(&key).await?;
            anyhow::ensure!(added, "there is, or was, a key {:?}; choose another name", create.name);
            writeln!(output, "{secret}")?;
        }
        Command::List => {
            for key in store.api_keys().await? {
                let state = if key.revoked { "revoked" } else { "good" };
                let console = if key.console { "  console" } else { "" };
                let made = key.created_at.date();
                writeln!(output, "{}  {state}  {}/min  made {made}{console}", key.name, key.per_minute)?;
            }
        }
        Command::Revoke { name } => {
            let revoked = store.revoke_api_key(name, OffsetDateTime::now_utc()).await?;
            anyhow::ensure!(revoked, "there is no key {name:?} that is good; `maskarad key list` lists them");
            writeln!(output, "{name} is revoked; a running daemon refuses it within five seconds")?;
        }
    }
    Ok(output.flush()?)
}

fn name(text: &str) -> Result<String, &'static str> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    let fits = (1..=64).contains(&text.len()) && text.chars().all(allowed);
    if fits { Ok(text.to_owned()) } else { Err("1 to 64 of a-z, 0-9, _ and -") }
}
