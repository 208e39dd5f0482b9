//! `maskarad persona build`: says what is done and why, and puts the result in its place. What the steps are is the matter
//! of [`stages`], which of them must be done that of [`maskarad_trainer::workshop`].

mod measure;
mod sources;
mod stages;

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use maskarad_trainer::workshop::{Road, Step, Verdict, content_hash, put};

use self::stages::Builder;
use crate::cli::output;
use crate::cli::progress::Bar;
use crate::cli::train::stop_at_a_signal;
use crate::config::daemon::DaemonConfig;
use crate::config::workshop::{self, Workshop};

/// What a run of the training leaves that isn't served.
const ACCOUNTS: [&str; 3] = ["loss.svg", "losses.jsonl", "summary.json"];

/// What keeps a step from being done.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What `persona build` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Which persona; its workshop file is PERSONAS/workshop/NAME.yaml.
    name: String,
    /// Where intermediate files and the eval report are kept, in a folder for each persona.
    #[arg(long, default_value = "workshop", value_name = "DIR")]
    work: PathBuf,
    /// Do this step and all after it, whether anything has changed or not.
    #[arg(long, value_name = "STEP", value_parser = steps())]
    from: Option<Step>,
    /// Do all steps.
    #[arg(long, conflicts_with = "from")]
    force: bool,
}

fn steps() -> impl TypedValueParser<Value = Step> {
    PossibleValuesParser::new(Step::ALL.map(Step::name))
        .map(|name| Step::named(&name).expect("only names of steps are let through"))
}

pub(super) fn run(arguments: &Arguments, config: &DaemonConfig) -> anyhow::Result<()> {
    let workshop = workshop::load(&workshop::file_of(&config.personas, &arguments.name))?;
    if workshop.persona.name.as_str() != arguments.name {
        let (file, name) = (workshop.source.display(), &workshop.persona.name);
        bail!("{file}: manifest: is that of `{name}`, expected that of `{}`", arguments.name);
    }
    let folder = arguments.work.join(&arguments.name);
    let _alone = lock(&folder)?;
    let from = if arguments.force { Some(Step::Import) } else { arguments.from };
    let (progress, stop) = (Bar::default(), stop_at_a_signal()?);
    let builder = Builder { workshop: &workshop, folder: &folder, config, progress: &progress, stop: &stop };
    Road { folder: folder.clone(), from }.go(&builder.stages(), &mut |step, verdict| tell(step, verdict))?;
    builder.go_on()?;
    if workshop.eval.gate {
        builder.gate(&builder.corpus())?;
    }
    builder.go_on()?;
    place(&workshop, &builder.model())
}

/// Two builds of one persona would spoil each other's files.
fn lock(folder: &Path) -> anyhow::Result<File> {
    std::fs::create_dir_all(folder).with_context(|| format!("{} can't be made", folder.display()))?;
    let path = folder.join("lock");
    let file = File::create(&path).with_context(|| format!("{} can't be written", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(_) => bail!("{}: another build works in this folder; wait for its end", folder.display()),
    }
}

fn tell(step: Step, verdict: &Verdict) {
    let step = step.name();
    match verdict {
        Verdict::Holds => output::tell(format_args!("{step:<8}is done, and nothing has changed")),
        Verdict::Begins { reason, resumes: false } => output::tell(format_args!("{step:<8}begins: {reason}")),
        Verdict::Begins { resumes: true, .. } => {
            output::tell(format_args!("{step:<8}goes on where it was interrupted"));
        }
        Verdict::Done(outcome) => output::tell(format_args!("{:<8}{outcome}", "")),
    }
}

/// Puts the model where the manifest serves it from, unless it is there already.
fn place(workshop: &Workshop, model: &Path) -> anyhow::Result<()> {
    let destination = workshop.destination();
    if destination.is_dir() && content_hash(destination)? == content_hash(model)? {
        output::tell(format_args!("host    {} holds it already", destination.display()));
        return Ok(());
    }
    put(model, destination, |_| true)?;
    output::tell(format_args!(
        "host    {} holds it now; a daemon that runs takes it up at a reload (SIGHUP)",
        destination.display()
    ));
    Ok(())
}
