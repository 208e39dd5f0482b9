//! `maskarad persona new`: asks for what it must know, and writes a manifest and a workshop file to begin with.

mod paths;
mod texts;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use clap::builder::PossibleValuesParser;
use maskarad_trainer::corpus::import::Format;
use maskarad_trainer::files;

use self::paths::relative;
use self::texts::Told;
use crate::chat::PersonaName;
use crate::cli::input::Input;
use crate::cli::output;
use crate::config::daemon::DaemonConfig;
use crate::config::manifest::TEMPLATES;
use crate::config::workshop;

/// What `persona new` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// The persona's name: 1 to 32 of a-z, 0-9, _ and -.
    name: String,
    /// The checkpoint to train an adapter on.
    #[arg(long, value_name = "DIR")]
    base: Option<PathBuf>,
    /// How dialogs are written for that checkpoint.
    #[arg(long, value_name = "TEMPLATE", value_parser = PossibleValuesParser::new(TEMPLATES))]
    template: Option<String>,
    /// What it is made of: an export, a file or a folder; may be given more than once.
    #[arg(long = "source", value_name = "PATH")]
    sources: Vec<PathBuf>,
    /// What the sources are.
    #[arg(long, default_value = "auto", value_parser = PossibleValuesParser::new(Format::ALL.map(Format::name)))]
    format: String,
    /// What people see.
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// Whose lines it learns to say, by id or name; may be given more than once [default: whoever speaks last in a dialogue].
    #[arg(long, value_name = "AUTHOR")]
    answers: Vec<String>,
    /// Write over files of this persona that are there already.
    #[arg(long)]
    force: bool,
}

pub(super) fn run(arguments: &Arguments, config: &DaemonConfig) -> anyhow::Result<()> {
    let Some(name) = PersonaName::parse(&arguments.name) else {
        bail!("{:?} is no name for a persona; expected 1 to 32 of a-z, 0-9, _ and -", arguments.name);
    };
    let told = complete(arguments, &name, config)?;
    let manifest = config.personas.join(format!("{name}.yaml"));
    let workshop = workshop::file_of(&config.personas, name.as_str());
    let there = [&manifest, &workshop].into_iter().find(|file| file.exists() && !arguments.force);
    if let Some(file) = there {
        bail!("{}: is there already; choose another name, or write over it with --force", file.display());
    }
    let texts =
        [texts::manifest(&told, &config.personas)?, texts::workshop(&told, &config.personas.join(workshop::FOLDER))?];
    put([&manifest, &workshop], texts)?;
    output::tell(format_args!("written: {} and {}", manifest.display(), workshop.display()));
    output::tell(format_args!("Look them over, then make the persona with: maskarad persona build {name}"));
    Ok(())
}

/// Everything that the files tell; what isn't given is asked for.
fn complete(arguments: &Arguments, name: &PersonaName, config: &DaemonConfig) -> anyhow::Result<Told> {
    let mut asking = Asking::begin()?;
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    let usual = text(config.personas.join("models/mini-ru"));
    let base = asking.answer(arguments.base.clone().map(text), "The checkpoint to train on", &usual)?;
    if !Path::new(&base).join("config.json").is_file() {
        bail!("{base}: is no checkpoint folder, for it has no config.json; name one with --base");
    }
    let template = asking.answer(arguments.template.clone(), "Its dialog template", "rudialogpt")?;
    if !TEMPLATES.contains(&template.as_str()) {
        bail!("{template:?} is no template; expected one of {}", TEMPLATES.join(", "));
    }
    let display_name = asking.answer(arguments.display_name.clone(), "What people see", name.as_str())?;
    let mut sources = arguments.sources.clone();
    if sources.is_empty() {
        let answer = asking.answer(None, "What it is made of: a chat export, a file or a folder", "")?;
        sources.extend(Some(answer).filter(|answer| !answer.is_empty()).map(PathBuf::from));
    }
    if sources.is_empty() {
        bail!("no source is named; give at least one with --source PATH");
    }
    for source in &sources {
        let Some(text) = source.to_str() else {
            bail!("{}: isn't UTF-8, as a path in a workshop file must be; rename it first", source.display());
        };
        if !text.contains("://") && !source.exists() {
            bail!("{text}: isn't there; name an export, a file or a folder with --source");
        }
    }
    let mut answers = arguments.answers.clone();
    if answers.is_empty() {
        let answer = asking.answer(None, "Whose lines it learns, by id or name (empty: whoever speaks last)", "")?;
        answers.extend(Some(answer).filter(|answer| !answer.is_empty()));
    }
    let format = arguments.format.clone();
    Ok(Told { name: name.to_string(), base: base.into(), template, display_name, sources, format, answers })
}

/// Somebody to ask, if there is anybody.
struct Asking(Option<Input>);

impl Asking {
    fn begin() -> anyhow::Result<Self> {
        let input = if std::io::stdin().is_terminal() { Some(Input::open()?) } else { None };
        Ok(Self(input))
    }

    /// What was given, or what somebody says, or what is usual.
    fn answer(&mut self, given: Option<String>, question: &str, usual: &str) -> anyhow::Result<String> {
        if let Some(given) = given {
            return Ok(given);
        }
        let Some(input) = &mut self.0 else { return Ok(usual.to_owned()) };
        let hint = if usual.is_empty() { String::new() } else { format!(" [{usual}]") };
        let said = input.read(&format!("{question}{hint}: "))?.context("nothing was written")?;
        let said = said.trim();
        Ok(if said.is_empty() { usual } else { said }.to_owned())
    }
}

/// Writes manifest and workshop file. Where what was said makes no sound ones, whatever stood there stands there again.
fn put(files: [&Path; 2], texts: [String; 2]) -> anyhow::Result<()> {
    let former = files.map(|file| std::fs::read(file).ok());
    for (file, text) in files.into_iter().zip(texts) {
        files::write(file, text)?;
    }
    let Err(problems) = workshop::load(files[1]) else { return Ok(()) };
    for (file, former) in files.into_iter().zip(former) {
        match former {
            Some(former) => files::write(file, former)?,
            None => std::fs::remove_file(file).with_context(|| format!("{} can't be removed", file.display()))?,
        }
    }
    Err(problems).context("nothing was written, for the files would be refused")
}
