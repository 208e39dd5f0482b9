//! `maskarad train`.

mod arguments;

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use maskarad_dialog::{Format, LengthClass, Template};
use maskarad_trainer::train::run::Watch;
use maskarad_trainer::train::{self, Outcome};

pub(super) use self::arguments::Arguments;
use self::arguments::TemplateName;
use super::progress::Bar;
use crate::config::daemon::DaemonConfig;
use crate::config::manifest;

pub(super) fn run(arguments: &Arguments, _config: &DaemonConfig) -> anyhow::Result<()> {
    let (options, format) = (arguments.options(), format(arguments)?);
    let stop = stop_at_a_signal()?;
    let progress = Bar::default();
    let watch = Watch { progress: &progress, stop: &stop };
    let outcome = train::train(&options, &format, arguments.restart, watch)?;
    tell(&outcome, &options.out)
}

/// How the dialogues are written.
fn format(arguments: &Arguments) -> anyhow::Result<Format> {
    if let Some(file) = &arguments.manifest {
        let persona = manifest::load_one_without_token(file)?;
        return Ok(Format { template: persona.template, rules: persona.prompt });
    }
    let name = arguments.template.context("neither --template nor --manifest is given")?;
    Ok(Format::of(match name {
        TemplateName::PromptReply => Template::PromptReply,
        // While answers are learned, each announces its own length.
        TemplateName::Rudialogpt3 => Template::Rudialogpt3 { answer_length: LengthClass::Medium },
        TemplateName::Rudialogpt => Template::Rudialogpt,
        TemplateName::Continuation => Template::Continuation,
    }))
}

fn tell(outcome: &Outcome, out: &Path) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    match outcome {
        Outcome::Finished(summary) => {
            writeln!(output, "{summary}")?;
            writeln!(output, "written     {0}, its losses in {0}/loss.svg", out.display())?;
        }
        Outcome::Stopped { step, of } => {
            writeln!(output, "stopped after step {step} of {of}; the same command goes on from there")?;
        }
    }
    Ok(())
}

/// A flag that the first SIGINT or SIGTERM sets; the second ends the process.
pub(super) fn stop_at_a_signal() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async {
            signal().await;
            flag.store(true, Ordering::Relaxed);
            eprintln!("finishing the step; a second signal ends at once");
            signal().await;
            std::process::exit(1);
        });
    })?;
    Ok(stop)
}

async fn signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
