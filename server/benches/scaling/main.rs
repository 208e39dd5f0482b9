//! `make scaling`: how many machines so many chats need, by simulation; with `--measure`, what one machine can do.
#![expect(clippy::print_stdout, reason = "the tables are what a benchmark is for")]

mod assumed;
mod measure;
mod measured;
mod report;
mod simulation;
mod sizing;

#[path = "../support/page.rs"]
mod page;
#[path = "../load/usage.rs"]
#[expect(dead_code, reason = "of another benchmark, of which this one needs only a part")]
mod usage;

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use crate::page::Page;

#[derive(Parser)]
struct Arguments {
    /// Measures PostgreSQL and RabbitMQ instead
    #[arg(long)]
    measure: bool,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// What chance is drawn from: the same seed, the same tables
    #[arg(long, default_value_t = 8)]
    seed: u64,
    /// Active chats
    #[arg(long, value_delimiter = ',', default_value = "10,1000,100000")]
    chats: Vec<usize>,
    /// Writes the tables into this file's section too
    #[arg(long)]
    write: Option<PathBuf>,
    /// What cargo calls every benchmark with
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let page = if arguments.measure { measured(&arguments)? } else { report::write(&arguments.chats, arguments.seed) };
    arguments.write.map_or(Ok(()), |file| page.write(&file))
}

fn measured(arguments: &Arguments) -> anyhow::Result<Page> {
    let mut page = Page::begin(
        "make scaling-measure",
        "What one machine can do (`make scaling-measure`, server/benches/scaling/measure)",
        "What is measured and who measures share the cores. PostgreSQL's commits are durable, and the store has its six \
         connections; RabbitMQ has quorum queues, persistent messages of 1 kB, publisher confirms and an acknowledgement for \
         each message.",
    );
    let span = Duration::from_secs_f64(arguments.seconds);
    tokio::runtime::Runtime::new()?.block_on(measure::run(span, &mut page))?;
    Ok(page)
}
