//! The command line: what is asked for, and who does it. Exit codes: 0 done, 1 failed, 2 asked for wrongly,
//! 141 nobody read the output to its end (what a shell calls SIGPIPE).

mod backup;
mod chat;
mod check;
mod checkpoint;
mod console_link;
mod corpus;
mod doctor;
mod eval;
mod forget;
mod generate;
mod input;
mod key;
mod logging;
mod manual;
mod model;
mod output;
mod persona;
mod progress;
mod replay;
mod schema;
mod serve;
mod status;
mod train;
mod worker;

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Parser, Subcommand};

pub use self::output::hung_up;

use self::logging::Log;

use crate::config::daemon::{self, DaemonConfig, StoreTarget};
use crate::config::environment::Environment;
use crate::config::problem::Problems;
use crate::store::Location;

/// One daemon that gives voice to many small fine-tuned GPT-2 personas in Telegram.
#[derive(Debug, Parser)]
#[command(name = "maskarad", version, about, after_help = EXAMPLES)]
struct Cli {
    /// Settings of the daemon [default: maskarad.yaml, where there is one].
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of the persona manifests [default: personas, or what the settings say].
    #[arg(long, global = true, value_name = "DIR")]
    personas: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  maskarad chat avtobus                       talk with a persona here in the terminal
  maskarad status --watch                     how the running daemon fares
  maskarad doctor                             what keeps it from working, and how to mend it
  maskarad check --online                     is everything ready, do the tokens work?
  AVTOBUS_TOKEN=123:abc maskarad serve        go live in Telegram
  MASKARAD_BROKER=amqp://… maskarad worker    generate for a daemon on another machine
  maskarad generate --model personas/models/mini-ru --greedy 'Привет'
  maskarad model pull ai-forever/rugpt3small_based_on_gpt2
  maskarad backup /backups/maskarad.db        copy the state while the daemon runs
  maskarad forget --user 123456789            delete everything that is kept of a person";

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve all personas in Telegram until stopped.
    ///
    /// SIGTERM or SIGINT stops it: no more updates are taken, replies under way get 20 seconds to arrive, and what is left is
    /// handed back to the store for the next start; a second signal stops it at once. Exit status: 0 when everything under way
    /// arrived, 1 when something had to be handed back or failed. Several daemons on one PostgreSQL share the personas, and take
    /// over from one that ends; on a SQLite file the second stands by.
    Serve,
    /// Generate replies for daemons on other machines, which reach it over RabbitMQ.
    ///
    /// Takes jobs for whatever weights the daemons ask for and this machine has room for: found in a folder by their content,
    /// or fetched from a daemon. SIGTERM or SIGINT stops it: no more jobs are taken, those under way get 20 seconds, and what
    /// is left the broker gives to another worker. Needs no database, no manifest and no token.
    Worker(worker::Arguments),
    /// Check settings, manifests, tokens and checkpoints; tell everything that is wrong at once.
    Check(check::Arguments),
    /// Tell how the running daemon fares: its personas, their chats, replies, memory and last errors.
    ///
    /// Asks the daemon where `http.listen` says, and shows what the database knows where that isn't to be had. Exit status: 1 when
    /// the daemon doesn't answer or serves nobody.
    Status(status::Arguments),
    /// Find out what keeps it from working here, and how to mend it.
    ///
    /// Looks at settings, manifests, tokens, what each bot may see and who else uses it, database, checkpoints and their speed,
    /// memory, clock, disk, limits and the systemd unit, and changes none of them. Exit status: 1 when something is an error,
    /// 0 otherwise.
    Doctor(doctor::Arguments),
    /// Talk with a persona in the terminal; needs no token and no database.
    Chat(chat::Arguments),
    /// Continue a text, or token ids, with a checkpoint.
    Generate(generate::Arguments),
    /// Look at a checkpoint, or fetch one from the Hugging Face hub.
    #[command(subcommand)]
    Model(checkpoint::Command),
    /// Build a corpus: import, clean, filter, look at it, forget somebody.
    #[command(subcommand)]
    Corpus(corpus::Command),
    /// Fine-tune a checkpoint, whole or by a LoRA adapter.
    Train(Box<train::Arguments>),
    /// Measure a persona against its base.
    Eval(eval::Arguments),
    /// Make a persona: write its files, or run the whole road of its workshop file. Move it between daemons.
    #[command(subcommand)]
    Persona(persona::Command),
    /// Predict what a persona would do in an exported chat, before insanity is switched on.
    ///
    /// Runs every message through triggers and pacing on a simulated clock, with insanity off and on. Hourly caps aren't
    /// simulated, nor replies to the persona's own messages.
    Replay(replay::Arguments),
    /// Tell what manifests and workshop files may hold: a JSON Schema for editors, or a reference.
    Schema(schema::Arguments),
    /// Make, list and revoke the keys of the HTTP API.
    #[command(subcommand)]
    Key(key::Command),
    /// Prints a link that logs you in to the console, once, within ten minutes.
    ConsoleLink(console_link::Arguments),
    /// Copy the SQLite file into another one, also while the daemon runs.
    Backup(backup::Arguments),
    /// Write the completions of a shell to standard output.
    Completions(manual::Completions),
    /// Write the manual pages into a folder.
    #[command(hide = true)]
    Manual(manual::Manual),
    /// Delete everything that is kept of a chat or a person, also while the daemon runs.
    Forget(forget::Arguments),
}

/// Does what the command line asks for.
///
/// # Errors
/// Whatever kept it from being done. A command line that can't be understood ends the process with code 2.
pub fn run() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let config = settings(&cli);
    if let (Command::Doctor(arguments), Err(problems)) = (&cli.command, &config) {
        return doctor::run(arguments, Err(problems));
    }
    let config = config?;
    let default_filter = match cli.command {
        // What the broker's client has to say, we say ourselves, and once.
        Command::Serve | Command::Worker(_) | Command::Check(_) => "info,lapin=off",
        _ => "warn",
    };
    let log = logging::init(&config.log, default_filter);
    match cli.command {
        Command::Serve => serve::run(&config, follower(log, cli.config)),
        Command::Worker(arguments) => worker::run(arguments, &config),
        Command::Check(arguments) => check::run(&arguments, &config),
        Command::Status(arguments) => status::run(&arguments, &config),
        Command::Doctor(arguments) => doctor::run(&arguments, Ok(&config)),
        Command::Chat(arguments) => chat::run(&arguments, &config),
        Command::Generate(arguments) => generate::run(&arguments, &config),
        Command::Model(command) => checkpoint::run(&command, &config),
        Command::Corpus(command) => corpus::run(&command),
        Command::Train(arguments) => train::run(&arguments, &config),
        Command::Eval(arguments) => eval::run(&arguments, &config),
        Command::Persona(command) => persona::run(&command, &config),
        Command::Replay(arguments) => replay::run(&arguments, &config),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Key(command) => key::run(&command, &config),
        Command::ConsoleLink(arguments) => console_link::run(&arguments, &config),
        Command::Backup(arguments) => backup::run(&arguments, &config),
        Command::Completions(arguments) => manual::completions(&arguments),
        Command::Manual(arguments) => manual::manual(&arguments),
        Command::Forget(arguments) => forget::run(&arguments, &config),
    }
}

/// Reads the settings again, and lets the log follow them.
fn follower(log: Log, file: Option<PathBuf>) -> Arc<dyn Fn() + Send + Sync> {
    Arc::new(move || {
        let settings = daemon::load(file.as_deref(), Environment::of_process());
        log.follow(settings.map(|config| config.log));
    })
}

/// Where the state lies.
fn location(config: &DaemonConfig) -> anyhow::Result<Location> {
    Ok(match &config.store.target {
        StoreTarget::Postgres(url) => Location::parse(url.expose())?,
        StoreTarget::Sqlite(path) => Location::Sqlite(path.clone()),
    })
}

/// The runtime for what waits on the network.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("maskarad").build()?)
}

/// An error and its causes as one line, each cause told once: many messages hold that of their cause already.
pub fn sentence(error: &anyhow::Error) -> String {
    let mut sentence = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if sentence.is_empty() {
            sentence = cause;
        } else if !sentence.contains(&cause) {
            sentence = format!("{sentence}: {cause}");
        }
    }
    sentence
}

/// The daemon's settings, with what the command line says above them.
fn settings(cli: &Cli) -> Result<DaemonConfig, Problems> {
    let mut config = daemon::load(cli.config.as_deref(), Environment::of_process())?;
    if let Some(folder) = &cli.personas {
        config.personas.clone_from(folder);
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_cause_is_told_once() {
        let error = anyhow::anyhow!("no such file").context("m.bin: no such file").context("can't load");
        assert_eq!(sentence(&error), "can't load: m.bin: no such file");
        let plain: anyhow::Result<()> = Err(anyhow::anyhow!("b")).context("a");
        assert_eq!(sentence(&plain.unwrap_err()), "a: b");
    }
}
