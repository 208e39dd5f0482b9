//! A training step of ours against PyTorch's, in one run: `make bench-train`.
//!
//! This program is the conductor. Each contender is a child process that holds one model and learns a batch for each line
//! it is sent; ours are this same binary, PyTorch's run `python/worker.py` in a virtual environment that
//! `scripts/venv.sh` makes. Before that, both sides load what the other one trained ([`agree`]).

mod agree;
mod child;
mod contender;
#[path = "../../../engine/benches/peers/figure.rs"]
mod figure;
#[path = "../../../engine/benches/peers/machine.rs"]
mod machine;
mod ours;
mod report;
mod rounds;

use std::path::PathBuf;

use clap::Parser;
use maskarad_engine::synthetic::{Shape, write_untrained};

use crate::child::Places;

/// Whatever went wrong; a benchmark only reports it.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, Parser)]
struct Arguments {
    /// How often everybody learns a batch that counts.
    #[arg(long, env = "BENCH_ROUNDS", default_value_t = 5)]
    rounds: usize,
    /// Threads of each contender.
    #[arg(long, env = "BENCH_THREADS", default_value_t = 2)]
    threads: usize,
    /// Only contenders whose name holds one of these words.
    #[arg(long, env = "BENCH_ONLY", value_delimiter = ',')]
    only: Vec<String>,
    /// The document that gets the report.
    #[arg(long)]
    write: Option<PathBuf>,
    /// The folder for checkpoints and the virtual environment.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/bench/train"))]
    folder: PathBuf,
    /// What `cargo bench` adds to every benchmark's arguments.
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum Role {
    /// Learns for the conductor.
    Child(ours::Ours),
}

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    match &arguments.role {
        Some(Role::Child(ours)) => ours.run(),
        None => conduct(&arguments),
    }
}

#[expect(clippy::print_stdout, reason = "the report is what a benchmark is for")]
fn conduct(arguments: &Arguments) -> Result<(), Failure> {
    let places = Places {
        checkpoint: arguments.folder.join("checkpoint"),
        python: arguments.folder.join("venv/bin/python"),
        threads: arguments.threads,
    };
    if !places.checkpoint.exists() {
        let unfinished = arguments.folder.join("unfinished-checkpoint");
        write_untrained(&unfinished, Shape::RUGPT3_SMALL, 1)?;
        std::fs::rename(unfinished, &places.checkpoint)?;
    }
    let contenders: Vec<_> = contender::all().filter(|contender| takes_part(contender.name, &arguments.only)).collect();
    let agreement = agree::run(&arguments.folder.join("agree"), &places.python)?;
    let results = rounds::run(&contenders, &places, arguments.rounds)?;
    let section = report::section(&results, &agreement, arguments.threads, arguments.rounds);
    println!("{section}");
    arguments.write.as_ref().map_or(Ok(()), |document| report::write(document, &section))
}

fn takes_part(name: &str, only: &[String]) -> bool {
    only.is_empty() || only.iter().any(|word| name.to_lowercase().contains(&word.to_lowercase()))
}
