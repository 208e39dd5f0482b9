//! `make worker-bench`: what workers gain, what the way to them costs, and how many jobs one daemon can hand out.
//!
//! Both sides of each comparison run in turns in one run. Needs a RabbitMQ (MASKARAD_TEST_RABBITMQ_URL), and starts a
//! PostgreSQL of its own whose commits are durable.
#![expect(clippy::print_stdout, reason = "the tables are what a benchmark is for")]

mod crew;
mod dispatch;
mod gain;
mod instant;
mod processes;
mod way;

#[path = "../../tests/it/support/host.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "the tests' daemon, of which a benchmark needs only a part")]
mod host;
#[path = "../support/page.rs"]
mod page;

use std::path::PathBuf;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use maskarad::config::secret::Secret;
use maskarad::remote::BrokerConfig;

use crate::page::Page;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Two workers against one, each on a core of its own.
    Gain,
    /// A worker on one core against the engine in this process on one core.
    Way,
    /// Jobs a second with workers that answer at once.
    Dispatch,
}

#[derive(Parser)]
struct Arguments {
    /// How long each side of a comparison is watched in each round, in seconds
    #[arg(long, default_value_t = 15.0)]
    seconds: f64,
    /// Rounds of each comparison
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Measures only these parts
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// Writes the tables into this file's section too
    #[arg(long)]
    write: Option<PathBuf>,
    /// What cargo calls every benchmark with
    #[arg(long, hide = true)]
    bench: bool,
}

/// How long and how often each side is watched.
#[derive(Clone, Copy)]
struct Extent {
    seconds: f64,
    rounds: usize,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let page = tokio::runtime::Runtime::new()?.block_on(measure(&arguments))?;
    match &arguments.write {
        Some(file) => page.write(file),
        None => Ok(()),
    }
}

#[expect(clippy::disallowed_methods, reason = "`make worker-bench` tells by it where the broker is")]
fn broker() -> anyhow::Result<BrokerConfig> {
    let url = std::env::var("MASKARAD_TEST_RABBITMQ_URL").context("run `make worker-bench`")?;
    Ok(BrokerConfig { url: Secret::new(url), ca: None })
}

async fn measure(arguments: &Arguments) -> anyhow::Result<Page> {
    let wanted = |part| arguments.only.is_empty() || arguments.only.contains(&part);
    let extent = Extent { seconds: arguments.seconds, rounds: arguments.rounds };
    let broker = broker()?;
    let about = "RabbitMQ, PostgreSQL and whoever asks share these cores with daemon and workers. Replies of 32 tokens by a random \
        checkpoint of ruGPT3Small's shape in int8; medians of the rounds, whose sides took turns.";
    let title = "Generation on workers (`make worker-bench`, server/benches/workers)";
    let mut page = Page::begin("make worker-bench", title, about);
    if wanted(Part::Gain) {
        page.chapter("Two workers against one, each on a core of its own", &gain::table(&broker, extent).await?);
    }
    if wanted(Part::Way) {
        page.chapter(
            "A worker against the engine in the same process, each on one core",
            &way::table(&broker, extent).await?,
        );
    }
    if wanted(Part::Dispatch) {
        page.chapter(
            "Jobs that one daemon hands out, to workers that answer at once",
            &dispatch::table(&broker, extent).await?,
        );
    }
    Ok(page)
}
