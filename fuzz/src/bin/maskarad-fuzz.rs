//! `maskarad-fuzz`: fuzzing without libFuzzer, and what `make fuzz` needs to begin.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Parser, Subcommand};
use maskarad_fuzz::{TARGETS, Target, runner, seeds};

/// Tries what comes from people, files and the network.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Names every target.
    Targets,
    /// Writes a target's seeds and its words into a folder, for libFuzzer.
    Seeds {
        /// Which.
        target: String,
        /// Where; made if need be.
        folder: PathBuf,
    },
    /// Runs a target's seeds and changed ones.
    Run {
        /// Which.
        target: String,
        /// How many changed ones.
        #[arg(long, default_value_t = 3000)]
        cases: usize,
        /// Of the random changes.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Runs a target on these files.
    Replay {
        /// Which.
        target: String,
        /// Inputs, as libFuzzer or `run` left them.
        files: Vec<PathBuf>,
    },
}

fn main() -> anyhow::Result<()> {
    let mut output = std::io::stdout();
    match Cli::parse().command {
        Command::Targets => {
            for target in TARGETS {
                writeln!(output, "{}", target.name)?;
            }
        }
        Command::Seeds { target, folder } => write_seeds(named(&target)?, &folder)?,
        Command::Run { target, cases, seed } => {
            let inputs = runner::run(named(&target)?, cases, seed)?;
            writeln!(output, "{target}: {inputs} inputs, no finding")?;
        }
        Command::Replay { target, files } => {
            for file in files {
                runner::replay(named(&target)?, &file)?;
                writeln!(output, "{}: no finding", file.display())?;
            }
        }
    }
    Ok(())
}

fn named(name: &str) -> anyhow::Result<Target> {
    Target::named(name).with_context(|| format!("there is no target {name}"))
}

/// Seeds go into `corpus`, words into the file `words`, in the form of libFuzzer's dictionaries.
fn write_seeds(target: Target, folder: &std::path::Path) -> anyhow::Result<()> {
    let corpus = folder.join("corpus");
    std::fs::create_dir_all(&corpus)?;
    for (index, seed) in seeds::of(target)?.iter().chain(&seeds::shared(target)?).enumerate() {
        std::fs::write(corpus.join(format!("seed-{index:03}")), seed)?;
    }
    let line = |word: &&str| format!("\"{}\"\n", word.bytes().map(|byte| format!("\\x{byte:02X}")).collect::<String>());
    std::fs::write(folder.join("words"), target.words.iter().map(line).collect::<String>())?;
    Ok(())
}
