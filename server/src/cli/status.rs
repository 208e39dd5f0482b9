//! `maskarad status`: how the running daemon fares, by its listener; where that isn't to be had, what the store knows.

mod table;
mod told;

use std::io::{IsTerminal, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use serde_json::Value;
use time::OffsetDateTime;

use self::told::Told;
use super::output::Output;
use super::{location, runtime};
use crate::config::daemon::DaemonConfig;
use crate::store::{self, Condition};

/// How long the daemon may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often `--watch` asks.
const EVERY: Duration = Duration::from_secs(2);

/// What `status` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Ask every two seconds, until interrupted.
    #[arg(long)]
    watch: bool,
    /// Print the daemon's answer as JSON; with --watch a line each time.
    #[arg(long)]
    json: bool,
}

/// What was learned, and from whom.
struct Answer {
    /// As it came, for `--json`.
    raw: Value,
    told: Told,
    /// Why it isn't the daemon's own.
    instead: Option<String>,
    /// Whether somebody is served, as far as is known.
    able: bool,
}

pub(super) fn run(arguments: &Arguments, config: &DaemonConfig) -> anyhow::Result<()> {
    let runtime = runtime()?;
    loop {
        let answer = runtime.block_on(ask(config))?;
        print(arguments, &answer)?;
        if !arguments.watch {
            anyhow::ensure!(answer.able, "the daemon serves nobody now");
            return Ok(());
        }
        std::thread::sleep(EVERY);
    }
}

fn print(arguments: &Arguments, answer: &Answer) -> anyhow::Result<()> {
    let mut output = Output::open();
    if arguments.json {
        let text = if arguments.watch {
            serde_json::to_string(&answer.raw)?
        } else {
            serde_json::to_string_pretty(&answer.raw)?
        };
        writeln!(output, "{text}")?;
    } else {
        if arguments.watch && std::io::stdout().is_terminal() {
            // Home, and clear what was there before.
            write!(output, "\x1b[H\x1b[2J")?;
        }
        writeln!(output, "{}", table::render(&answer.told, OffsetDateTime::now_utc()))?;
    }
    output.flush()?;
    if let Some(instead) = &answer.instead {
        eprintln!("{instead}");
    }
    Ok(())
}

async fn ask(config: &DaemonConfig) -> anyhow::Result<Answer> {
    let Some(address) = config.listen else {
        let instead = "This is what the database knows. The daemon itself can't be asked, because it listens nowhere: write \
            `http: { listen: 127.0.0.1:8443 }` into maskarad.yaml (or set MASKARAD_HTTP_LISTEN) and restart it.";
        return of_store(config, instead.to_owned(), true).await;
    };
    match ask_daemon(reachable(address)).await {
        Ok(raw) => {
            let told: Told = serde_json::from_value(raw.clone()).context("the daemon's answer can't be read")?;
            let able = told.status != "unavailable";
            Ok(Answer { raw, told, instead: None, able })
        }
        Err(error) => {
            let instead = format!("This is what the database knows. {error:#}");
            of_store(config, instead, false).await
        }
    }
}

/// An address of all interfaces is reached by this machine's own.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        let own = if address.is_ipv4() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { IpAddr::V6(Ipv6Addr::LOCALHOST) };
        address.set_ip(own);
    }
    address
}

async fn ask_daemon(address: SocketAddr) -> anyhow::Result<Value> {
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
    let answer = client.get(format!("http://{address}/status")).send().await;
    let answer = answer.map_err(|error| {
        if error.is_timeout() {
            anyhow::anyhow!(
                "The daemon at {address} (http.listen) takes longer than {} s to answer.",
                PATIENCE.as_secs()
            )
        } else {
            anyhow::anyhow!("No daemon answers at {address} (http.listen): start it, or see in its log why it ended.")
        }
    })?;
    let status = answer.status();
    let stranger =
        || anyhow::anyhow!("Who answers at {address} (http.listen) isn't this release of Maskarad (status {status}).");
    let said: Value = answer.json().await.map_err(|_| stranger())?;
    if said["status"].is_string() { Ok(said) } else { Err(stranger()) }
}

/// What the store knows; nothing is made or migrated for it.
async fn of_store(config: &DaemonConfig, instead: String, able: bool) -> anyhow::Result<Answer> {
    let location = location(config)?;
    let told = match store::examine(&location).await? {
        Condition::Current => {
            let store = store::open(&location).await?;
            let tallies = store.tallies(OffsetDateTime::now_utc()).await;
            store.close().await;
            Told::of_store(tallies?)
        }
        Condition::Absent | Condition::Behind(_) => Told::of_store(Vec::new()),
    };
    let raw = serde_json::to_value(&told)?;
    Ok(Answer { raw, told, instead: Some(instead), able })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_interfaces_are_reached_by_our_own() {
        for (listened, asked) in
            [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "[::1]:80"), ("10.0.0.1:80", "10.0.0.1:80")]
        {
            assert_eq!(reachable(listened.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
