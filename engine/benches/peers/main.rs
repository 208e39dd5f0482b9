//! Our engine against those that anyone can install, in one run: `make bench`. Ours alone: `make bench-quick`.
//!
//! This program is the conductor. Each contender is a child process that loads one model and answers requests in lines
//! of JSON; ours and candle's are this same binary, the others run `python/worker.py` in a virtual environment that
//! `scripts/venv.sh` makes.

mod bandwidth;
mod candle_peer;
mod child;
mod contender;
mod figure;
mod figures;
mod machine;
#[path = "../../tests/it/oracle.rs"]
#[cfg_attr(
    test,
    expect(dead_code, unused_imports, reason = "its tests run where it lives; this binary has no harness")
)]
mod oracle;
mod ours;
mod prepare;
mod protocol;
mod report;
mod rounds;
mod serve;
mod table;

use std::path::PathBuf;

use clap::Parser;

use crate::child::Places;
use crate::contender::{Contender, Program};
use crate::report::Setting;

/// Whatever went wrong; a benchmark only reports it.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The most memory that all children together hold, in KiB; less is not worth trying.
const NEEDED: u64 = 14 << 20;

#[derive(Debug, Parser)]
struct Arguments {
    /// How often everybody does everything.
    #[arg(long, env = "BENCH_ROUNDS", default_value_t = 5)]
    rounds: usize,
    /// Threads of each engine.
    #[arg(long, env = "BENCH_THREADS", default_value_t = 2)]
    threads: usize,
    /// Only contenders whose name and precision hold one of these words.
    #[arg(long, env = "BENCH_ONLY", value_delimiter = ',')]
    only: Vec<String>,
    /// Only our own engine, and no Python.
    #[arg(long)]
    quick: bool,
    /// The document that gets the report.
    #[arg(long)]
    write: Option<PathBuf>,
    /// The folder for the checkpoint, its conversions and the virtual environment.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/bench"))]
    folder: PathBuf,
    /// What `cargo bench` adds to every benchmark's arguments.
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum Role {
    /// Runs one engine for the conductor.
    Child(serve::Child),
}

fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    match &arguments.role {
        Some(Role::Child(child)) => serve::run(child),
        None => conduct(&arguments),
    }
}

#[expect(clippy::print_stdout, reason = "the report is what a benchmark is for")]
fn conduct(arguments: &Arguments) -> Result<(), Failure> {
    let contenders: Vec<Contender> =
        contender::all().into_iter().filter(|contender| takes_part(contender, arguments)).collect();
    let places = Places {
        folder: arguments.folder.clone(),
        python: arguments.folder.join("venv/bin/python"),
        threads: arguments.threads,
    };
    prepare::checkpoint(&places.folder)?;
    prepare::packed(&places.folder)?;
    if contenders.iter().any(|contender| matches!(contender.program, Program::Python(_))) {
        prepare::conversions(&places)?;
    }
    let available = machine::memory("MemAvailable:").unwrap_or(u64::MAX);
    if contenders.len() > 8 && available < NEEDED {
        let gigabytes = NEEDED >> 20;
        return Err(
            format!("all peers together need {gigabytes} GiB of memory: choose some, BENCH_ONLY=llama,onnx").into()
        );
    }
    let results = rounds::run(contenders, &places, arguments.rounds)?;
    let date = time::OffsetDateTime::now_utc().date().to_string();
    let setting = Setting { threads: arguments.threads, rounds: arguments.rounds, date };
    let section = report::section(&results, &setting);
    println!("{section}");
    match &arguments.write {
        Some(document) => report::write(document, &section),
        None => Ok(()),
    }
}

fn takes_part(contender: &Contender, arguments: &Arguments) -> bool {
    let label = contender.label().to_lowercase();
    let is_chosen = arguments.only.is_empty() || arguments.only.iter().any(|word| label.contains(&word.to_lowercase()));
    is_chosen && (contender.is_ours() || !arguments.quick)
}
