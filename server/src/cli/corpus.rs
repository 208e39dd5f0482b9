//! `maskarad corpus`: its commands, each in a file of its own.

mod clean;
mod filter;
mod forget;
mod import;
mod stats;

use clap::Subcommand;

/// The steps of a corpus.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Turn chat exports, threads, posts or tables into a corpus.
    Import(Box<import::Arguments>),
    /// Mask or drop what a persona shouldn't learn.
    Clean(Box<clean::Arguments>),
    /// Keep the most, or the least, toxic part by a classifier.
    Filter(filter::Arguments),
    /// Show what a corpus holds.
    Stats(stats::Arguments),
    /// Remove a person from a corpus for good.
    Forget(forget::Arguments),
}

pub(super) fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Import(arguments) => import::run(arguments),
        Command::Clean(arguments) => clean::run(arguments),
        Command::Filter(arguments) => filter::run(arguments),
        Command::Stats(arguments) => stats::run(arguments),
        Command::Forget(arguments) => forget::run(arguments),
    }
}

/// A line of an outcome: a count, and what is counted.
fn row((count, what): (u64, &str)) -> String {
    format!("{count:>12}  {what}\n")
}
