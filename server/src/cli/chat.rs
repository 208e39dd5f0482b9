//! `maskarad chat`: a conversation in the terminal, in memory only.

mod talk;

use std::io::{IsTerminal, Write};

use anyhow::Context;
use clap::{Args, CommandFactory};
use maskarad_engine::Engine;

use self::talk::Talk;
use super::input::Input;
use super::model;
use crate::config::daemon::DaemonConfig;
use crate::config::manifest::{self, Personas};
use crate::config::persona::Persona;

/// What `chat` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Name of the persona.
    persona: Option<String>,
    /// Earlier messages in the prompt, 0 to 50 [default: what the manifest says].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=50))]
    context_length: Option<u8>,
    /// Seed of the first reply, for a conversation that can be repeated.
    #[arg(long)]
    seed: Option<u64>,
}

const HELP: &str = "/reset forgets the conversation, /context N holds N earlier messages, /quit ends";

pub(super) fn run(arguments: &Arguments, config: &DaemonConfig) -> anyhow::Result<()> {
    let persona = choose(arguments, manifest::load_without_tokens(&config.personas))?;
    let engine = Engine::start(config.engine.clone())?;
    let voice = model::load(&engine, &persona).map_err(|problem| anyhow::anyhow!("{problem}"))?;
    let seed = arguments.seed.unwrap_or_else(rand::random);
    let greeting = format!("{} listens. {HELP}.", persona.display_name);
    let mut talk = Talk::new(persona, engine, voice, seed);
    if std::io::stdin().is_terminal() {
        writeln!(talk.output, "{greeting}")?;
    }
    if let Some(length) = arguments.context_length {
        talk.context_length = length;
    }
    converse(talk)
}

/// The persona that was named.
fn choose(arguments: &Arguments, loaded: Personas) -> anyhow::Result<Persona> {
    let Some(wanted) = &arguments.persona else {
        let message = format!("expected the name of a persona; there are: {}", names(&loaded));
        super::Cli::command().error(clap::error::ErrorKind::MissingRequiredArgument, message).exit();
    };
    find(loaded, wanted)
}

fn names(loaded: &Personas) -> String {
    let names: Vec<&str> = loaded.personas.iter().map(|persona| persona.name.as_str()).collect();
    names.join(", ")
}

/// The persona of this name. Problems of other manifests don't matter here.
pub(super) fn find(loaded: Personas, wanted: &str) -> anyhow::Result<Persona> {
    let names = names(&loaded);
    let found = loaded.personas.into_iter().find(|persona| persona.name.as_str() == wanted);
    match (found, loaded.problems.0.is_empty()) {
        (Some(persona), _) => Ok(persona),
        (None, true) => anyhow::bail!("there is no persona {wanted:?}; there are: {names}"),
        (None, false) => anyhow::bail!("there is no sound persona {wanted:?}:\n{}", loaded.problems),
    }
}

/// Reads and answers until the input ends.
fn converse(mut talk: Talk) -> anyhow::Result<()> {
    let mut input = Input::open().context("the terminal can't be used")?;
    while let Some(line) = input.read("> ")? {
        let line = line.trim();
        match line.split_once(' ').unwrap_or((line, "")) {
            ("", _) => {}
            ("/quit" | "/exit", _) => break,
            ("/reset", _) => {
                talk.reset();
                writeln!(talk.output, "(forgotten)")?;
            }
            ("/context", number) => match number.trim().parse() {
                Ok(length @ 0..=50) => {
                    talk.context_length = length;
                    writeln!(talk.output, "({length} earlier messages)")?;
                }
                _ => writeln!(talk.output, "(expected /context and a number from 0 to 50)")?,
            },
            (command, _) if command.starts_with('/') => writeln!(talk.output, "({HELP})")?,
            _ => talk.answer(line)?,
        }
    }
    Ok(())
}
