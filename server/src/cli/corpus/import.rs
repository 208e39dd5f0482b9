//! `maskarad corpus import`.

mod others;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use maskarad_trainer::corpus::import::pairing::Rules;
use maskarad_trainer::corpus::import::{Format, ImportOptions, ImportReport, import};

use crate::cli::output::Output;
use crate::cli::progress::Bar;

/// What `corpus import` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Files, folders that hold them, or the address of a board such as `https://example.org/b/`.
    #[arg(required = true, value_name = "PATH")]
    inputs: Vec<PathBuf>,
    /// The corpus to write, JSON lines; it is replaced only by a whole one.
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// What the files are.
    #[arg(long, default_value = "auto", value_parser = formats())]
    format: Format,
    /// Minutes within which a message answers the one before it, where it replies to none.
    #[arg(long, default_value_t = 10.0, value_name = "MINUTES", value_parser = minutes)]
    gap: f64,
    /// Minutes within which messages of one person in a row are joined.
    #[arg(long, default_value_t = 2.0, value_name = "MINUTES", value_parser = minutes)]
    burst: f64,
    /// Messages before the last one that a dialogue holds at the most.
    #[arg(long, default_value_t = 4, value_name = "N")]
    context: usize,
    #[command(flatten)]
    others: others::Arguments,
    /// Tell the outcome as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let (gap, burst) = (arguments.gap, arguments.burst);
    let [gap, burst] = [gap, burst].map(|minutes| Duration::from_secs_f64(minutes * 60.0));
    let rules = Rules { gap, burst, context: arguments.context };
    let mut options = ImportOptions { format: arguments.format, rules, ..ImportOptions::default() };
    arguments.others.set(&mut options, &arguments.output);
    if let Some(input) = arguments.inputs.iter().find(|input| is_same(input, &arguments.output)) {
        bail!("{}: is what is imported; write the corpus to another file", input.display());
    }
    let report = import(&arguments.inputs, &arguments.output, &options, &Bar::default())?;
    let mut output = Output::open();
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string(&report)?)?;
    } else {
        write!(output, "{}", table(&report))?;
    }
    Ok(())
}

/// Whether two paths are one file that is there.
fn is_same(one: &Path, other: &Path) -> bool {
    one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

/// Names of formats, for the help and for complaints.
fn formats() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::name))
        .map(|name| Format::named(&name).expect("only names of formats are let through"))
}

/// A span that isn't longer than a year.
fn minutes(text: &str) -> Result<f64, String> {
    const YEAR: f64 = 366.0 * 24.0 * 60.0;
    match text.parse::<f64>() {
        Ok(minutes) if (0.0..=YEAR).contains(&minutes) => Ok(minutes),
        _ => Err(format!("expected minutes, from 0 to {YEAR}")),
    }
}

/// The outcome for people: what there is, and what was left out and why.
fn table(report: &ImportReport) -> String {
    let kept = [
        (report.dialogues, "dialogues"),
        (report.messages, "messages to learn from"),
        (report.turns, "turns, with those repeated as context"),
        (report.joined, "messages joined to the one before"),
    ];
    let dropped = report.dropped.0.iter().map(|(reason, count)| (*count, *reason));
    let left_out: u64 = report.dropped.0.values().sum();
    let mut lines: Vec<String> = kept.into_iter().map(super::row).collect();
    lines.push(super::row((left_out, "left out, of which")));
    lines.extend(dropped.map(|(count, reason)| super::row((count, &format!("  {reason}")))));
    lines.concat()
}
