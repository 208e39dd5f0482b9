//! `maskarad doctor`: looks for everything that keeps newcomers from a talking bot, and tells how to mend each thing.
//! Changes nothing: no update is confirmed, no webhook set, no database migrated.

mod company;
mod database;
mod engine;
mod finding;
mod machine;
mod telegram;
mod unit;
mod workers;

use std::path::PathBuf;

use clap::Args;

use self::finding::{Findings, Level};
use self::telegram::Polling;
use self::workers::Side;
use super::output::Output;
use super::runtime;
use crate::config::daemon::DaemonConfig;
use crate::config::environment::Environment;
use crate::config::manifest::{self, Personas};
use crate::config::problem::Problems;
use crate::config::webhook;

/// What `doctor` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Print one JSON object: status (the worst level), findings (check, level, message, mend).
    #[arg(long)]
    json: bool,
    /// Listen for 8 seconds whether somebody else polls with a token. Ends that one's poll once, so stop your own daemon first.
    #[arg(long)]
    listen: bool,
    /// Ask Telegram nothing.
    #[arg(long, conflicts_with = "listen")]
    offline: bool,
    /// Look at what `maskarad worker` needs here, instead of what the daemon does.
    #[arg(long, conflicts_with_all = ["listen", "offline"])]
    worker: bool,
    /// Look for systemd's files under this folder.
    #[arg(long, value_name = "DIR", default_value = "/", hide = true)]
    root: PathBuf,
}

/// Looks at everything. Settings that can't be read are told as a finding, too.
pub(super) fn run(arguments: &Arguments, config: Result<&DaemonConfig, &Problems>) -> anyhow::Result<()> {
    let mut findings = Findings::default();
    match config {
        Ok(config) if arguments.worker => examine_worker(config, &mut findings)?,
        Ok(config) => examine(arguments, config, &mut findings)?,
        Err(problems) => broken_settings(problems, &mut findings),
    }
    let unit = if arguments.worker { unit::WORKER } else { unit::DAEMON };
    unit::look(&arguments.root, unit, &mut findings);
    let mut output = Output::open();
    if arguments.json {
        findings.print_json(&mut output)?;
    } else {
        findings.print(&mut output)?;
    }
    match findings.count(Level::Error) {
        0 => Ok(()),
        1 => anyhow::bail!("1 thing to mend"),
        errors => anyhow::bail!("{errors} things to mend"),
    }
}

fn examine(arguments: &Arguments, config: &DaemonConfig, findings: &mut Findings) -> anyhow::Result<()> {
    findings.ok("settings", "the settings can be read");
    let loaded = manifests(config, findings);
    tokens(config, &loaded, findings);
    let runtime = runtime()?;
    runtime.block_on(async {
        if !arguments.offline {
            let polling = if arguments.listen { Polling::Listen } else { Polling::Glance };
            telegram::look(config, &loaded.personas, polling, findings).await;
        }
        database::look(config, findings).await;
        workers::look(config, Side::Daemon, findings).await;
    });
    engine::look(config, &loaded.personas, findings);
    machine::disks(config, findings);
    machine::descriptors(config, loaded.personas.len(), findings);
    Ok(())
}

fn examine_worker(config: &DaemonConfig, findings: &mut Findings) -> anyhow::Result<()> {
    findings.ok("settings", "the settings can be read");
    runtime()?.block_on(workers::look(config, Side::Worker, findings));
    machine::cache(config, findings);
    Ok(())
}

fn broken_settings(problems: &Problems, findings: &mut Findings) {
    for problem in &problems.0 {
        findings.error("settings", problem.to_string(), "maskarad.example.yaml shows every key with what it may hold");
    }
    findings.note("settings", "nothing else was looked at but the unit", "mend the settings and ask again");
}

fn manifests(config: &DaemonConfig, findings: &mut Findings) -> Personas {
    let mut loaded = manifest::load(&config.personas, Environment::of_process());
    loaded.problems.0.extend(webhook::problems(config, &loaded.personas));
    for problem in &loaded.problems.0 {
        let (check, mend) = match problem.key.as_str() {
            "token" | "token.env" | "token.credential" | "token.file" => {
                ("token", "ask @BotFather for a token (/newbot) and put it where the manifest says")
            }
            _ => ("manifest", "personas/avtobus.yaml shows every key with what it may hold"),
        };
        findings.error(check, problem.to_string(), mend);
    }
    if loaded.problems.0.is_empty() {
        let count = loaded.personas.len();
        let manifests = if count == 1 { "manifest" } else { "manifests" };
        findings.ok("manifest", format!("{count} {manifests} in {} can be read", config.personas.display()));
    }
    loaded
}

/// Tells who isn't in Telegram for want of a token.
fn tokens(config: &DaemonConfig, loaded: &Personas, findings: &mut Findings) {
    let mend =
        "ask @BotFather for a token (/newbot) and put it where the manifest says, as AVTOBUS_TOKEN=… maskarad doctor";
    let without = loaded.personas.iter().filter(|persona| persona.token.is_none());
    let without: Vec<&str> = without.map(|persona| persona.name.as_str()).collect();
    if without.is_empty() {
        return;
    }
    if without.len() == loaded.personas.len() && config.api_listen.is_none() {
        findings.error("token", "no persona has a token, so there is nothing to serve", mend);
    } else {
        let message = format!("without a token, and so not in Telegram: {}", without.join(", "));
        findings.note("token", message, mend);
    }
}
