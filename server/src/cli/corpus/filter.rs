//! `maskarad corpus filter`.

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use maskarad_trainer::corpus::filter::{self, Keep, Label, Options, Summary};

use crate::cli::output::Output;
use crate::cli::progress::Bar;

/// What `corpus filter` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// The corpus to filter.
    #[arg(value_name = "CORPUS")]
    input: PathBuf,
    /// Where what stays is written to. A run that was killed goes on where it was, by the scores in FILE.scores.
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Folder of the classifier: a Hugging Face BertForSequenceClassification.
    #[arg(long, value_name = "DIR")]
    model: PathBuf,
    /// Number or name of the label whose probability is the score.
    #[arg(long, default_value = "1", value_name = "LABEL")]
    label: Label,
    #[command(flatten)]
    keep: KeepArguments,
    /// Threads that compute [default: one for each core].
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Tell the outcome as JSON.
    #[arg(long)]
    json: bool,
}

/// How much stays.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct KeepArguments {
    /// Keep dialogues whose last turn scores above this quantile: 0.75 keeps the most toxic quarter.
    #[arg(long, value_name = "Q")]
    keep_above_quantile: Option<f64>,
    /// Drop dialogues whose last turn scores above this.
    #[arg(long, value_name = "SCORE")]
    drop_above: Option<f64>,
    /// Keep all; only write down how they score.
    #[arg(long)]
    score_only: bool,
}

impl KeepArguments {
    fn keep(&self) -> Keep {
        match (self.keep_above_quantile, self.drop_above) {
            (Some(quantile), _) => Keep::AboveQuantile(quantile),
            (None, Some(score)) => Keep::DropAbove(score),
            (None, None) => Keep::All,
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { input, output, model, label, keep, threads, json } = arguments;
    let options = Options { model: model.clone(), label: label.clone(), keep: keep.keep() };
    let threads = threads.map_or_else(std::thread::available_parallelism, Ok)?;
    let summary = filter::filter(input, output, &options, threads, &Bar::default())?;
    let mut out = Output::open();
    if *json {
        writeln!(out, "{}", serde_json::to_string(&summary)?)?;
        return Ok(());
    }
    let Summary { read, kept, resumed, cut } = summary;
    if resumed > 0 {
        writeln!(out, "{resumed} scores were known from an earlier run")?;
    }
    let cut = cut.map(|cut| format!(", cut at {cut:.4}")).unwrap_or_default();
    writeln!(out, "{}: {kept} of {read} dialogues{cut}", output.display())?;
    Ok(())
}
