//! `maskarad persona move` and `persona where`: which of several daemons on one PostgreSQL serves a persona.

mod table;

use std::io::Write;
use std::time::{Duration, Instant};

use clap::Args;
use time::OffsetDateTime;

use crate::chat::{PersonaName, Seat, TransportKind};
use crate::cli::output::Output;
use crate::cli::{location, runtime};
use crate::config::daemon::DaemonConfig;
use crate::store::{self, Census, Condition, DaemonName, Location, NotedDaemon, Store};

/// How often it is looked whether a persona has arrived.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// What `persona move` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Move {
    /// Which persona.
    #[arg(value_parser = persona)]
    persona: PersonaName,
    /// The daemon that is to serve it from now on; `maskarad persona where` lists them.
    #[arg(long, value_name = "DAEMON", value_parser = daemon, required_unless_present = "anywhere")]
    to: Option<DaemonName>,
    /// Let it be served wherever it comes to be, as it was before it was moved.
    #[arg(long, conflicts_with = "to")]
    anywhere: bool,
    /// How long to wait until it is served there.
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    within: u64,
}

fn persona(text: &str) -> Result<PersonaName, &'static str> {
    PersonaName::parse(text).ok_or("1 to 32 of a-z, 0-9, _ and -")
}

fn daemon(text: &str) -> Result<DaemonName, &'static str> {
    DaemonName::parse(text).ok_or("1 to 64 of a-z, A-Z, 0-9, dots, _ and -")
}

/// Tells who serves whom.
pub(super) fn show(config: &DaemonConfig) -> anyhow::Result<()> {
    with_store(config, async |store| {
        let text = table::render(&store.census().await?, OffsetDateTime::now_utc());
        let mut output = Output::open();
        writeln!(output, "{text}")?;
        Ok(output.flush()?)
    })
}

/// Moves a persona.
pub(super) fn run(arguments: &Move, config: &DaemonConfig) -> anyhow::Result<()> {
    with_store(config, async |store| {
        let census = store.census().await?;
        let done = match &arguments.to {
            None => {
                known(&census, &arguments.persona)?;
                store.place(&arguments.persona, None).await?;
                format!("{} is served wherever it comes to be", arguments.persona)
            }
            Some(to) => {
                able(&census, &arguments.persona, to)?;
                store.place(&arguments.persona, Some(to)).await?;
                arrival(store, &arguments.persona, to, Duration::from_secs(arguments.within)).await?;
                format!("{} is served by {to}", arguments.persona)
            }
        };
        let mut output = Output::open();
        writeln!(output, "{done}")?;
        Ok(output.flush()?)
    })
}

/// Does something with the store of several daemons. Nothing is made or migrated for it.
fn with_store(config: &DaemonConfig, work: impl AsyncFnOnce(&dyn Store) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let location = location(config)?;
    anyhow::ensure!(
        matches!(location, Location::Postgres(_)),
        "the state is in the {location}, where one daemon serves every persona and any other stands by; several share them on one \
         PostgreSQL (store.url or DATABASE_URL; docs/OPERATING.md, «Several daemons»)"
    );
    runtime()?.block_on(async {
        if let Condition::Behind(_) = store::examine(&location).await? {
            anyhow::bail!(
                "the {location} is of an earlier release; start a daemon of this one first, which brings it up to date"
            );
        }
        let store = store::open(&location).await?;
        let done = work(store.as_ref()).await;
        store.close().await;
        done
    })
}

fn living(census: &Census) -> impl Iterator<Item = &NotedDaemon> + Clone {
    census.daemons.iter().filter(|daemon| daemon.is_alive())
}

/// Fails unless somebody can serve the persona.
fn known(census: &Census, persona: &PersonaName) -> anyhow::Result<()> {
    anyhow::ensure!(
        living(census).next().is_some(),
        "no daemon of this database lives; start one (`maskarad serve`), or see in its log why it ended"
    );
    if living(census).any(|daemon| daemon.serves(persona)) {
        return Ok(());
    }
    let mut names: Vec<&str> =
        living(census).flat_map(|daemon| &daemon.seats).map(|seat| seat.persona.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    anyhow::bail!("no daemon can serve a persona {persona} now; those that can be served: {names}")
}

/// Fails unless this daemon can serve the persona.
fn able(census: &Census, persona: &PersonaName, to: &DaemonName) -> anyhow::Result<()> {
    known(census, persona)?;
    let called: Vec<&NotedDaemon> = living(census).filter(|daemon| daemon.name == *to).collect();
    match called[..] {
        [] => {
            let names: Vec<&str> = living(census).map(|daemon| daemon.name.as_str()).collect();
            let gone = census.daemons.iter().filter(|daemon| daemon.name == *to).map(|daemon| daemon.silent).min();
            let why = match gone {
                Some(silent) => format!("{to} was last heard of {} s ago", silent.as_secs()),
                None => format!("no daemon of this database is called {to}"),
            };
            anyhow::bail!("{why}; those that live: {}", names.join(", "))
        }
        [only] => {
            let telegram = persona.at(TransportKind::Telegram);
            let in_telegram = living(census).any(|daemon| daemon.seats.contains(&telegram));
            anyhow::ensure!(
                only.serves(persona) && (only.seats.contains(&telegram) || !in_telegram),
                "{to} can't serve {persona} now: it has no manifest or no token of it, or Telegram doesn't let it in; its log, and \
                 `maskarad status` where it runs, say which"
            );
            Ok(())
        }
        _ => anyhow::bail!(
            "{} daemons are called {to}; write a `name` into the settings of each (MASKARAD_NAME), and restart them",
            called.len()
        ),
    }
}

/// Waits until the daemon serves the persona wherever it can.
async fn arrival(store: &dyn Store, persona: &PersonaName, to: &DaemonName, within: Duration) -> anyhow::Result<()> {
    let deadline = Instant::now() + within;
    loop {
        let census = store.census().await?;
        if has_arrived(&census, persona, to) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            // What keeps it from being served there may have come up meanwhile.
            able(&census, persona, to)?;
            let seconds = within.as_secs();
            anyhow::bail!(
                "{persona} isn't served by {to} after {seconds} s, but by {}; it stays placed there and may still come, unless you say \
                 `maskarad persona move {persona} --anywhere`; the logs of both daemons tell more",
                table::server(&census, persona)
            );
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

fn has_arrived(census: &Census, persona: &PersonaName, to: &DaemonName) -> bool {
    let held = |seat: &Seat, daemon: &NotedDaemon| {
        census.holdings.iter().any(|held| held.seat == *seat && held.holder == daemon.id)
    };
    let mut there = living(census).filter(|daemon| daemon.name == *to && daemon.serves(persona));
    there.any(|daemon| {
        let mut seats = daemon.seats.iter().filter(|seat| seat.persona == *persona);
        seats.all(|seat| held(seat, daemon))
    })
}

#[cfg(test)]
pub(super) mod tests;
