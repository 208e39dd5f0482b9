//! `maskarad corpus stats`.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use comfy_table::Table;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use maskarad_engine::Tokenizer;
use maskarad_trainer::corpus::stats::{Stats, Tally, page, stats};
use maskarad_trainer::files;

use crate::cli::output::Output;
use crate::cli::progress::Bar;

/// What `corpus stats` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// The corpus to look at.
    #[arg(value_name = "CORPUS")]
    corpus: PathBuf,
    /// Checkpoint folder whose tokenizer counts tokens.
    #[arg(long, value_name = "DIR")]
    tokenizer: Option<PathBuf>,
    /// Write a page with plots and samples to this file. It shows messages.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// What the choice of samples follows from.
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// Print the figures as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let tokenizer = match &arguments.tokenizer {
        Some(folder) => {
            Some(Tokenizer::from_folder(folder)?.with_context(|| format!("{} has no tokenizer", folder.display()))?)
        }
        None => None,
    };
    let stats = stats(&arguments.corpus, tokenizer.as_ref(), arguments.seed, &Bar::default())?;
    if let Some(path) = &arguments.html {
        files::write(path, page(&arguments.corpus.display().to_string(), &stats))?;
    }
    let mut output = Output::open();
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string(&stats)?)?;
    } else {
        writeln!(output, "{}\n{}", figures(&stats), authors(&stats.authors))?;
    }
    Ok(())
}

fn figures(stats: &Stats) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    let mut row = |what: &str, value: String| {
        table.add_row([what, &value]);
    };
    row("dialogues", stats.dialogues.to_string());
    row("messages to learn from", stats.learned.to_string());
    row("characters of a message", format!("{:.1} in the mean, {} at most", stats.lengths.mean(), stats.lengths.most));
    if let (Some(tokens), Some(lengths)) = (stats.tokens, &stats.token_lengths) {
        row("tokens", tokens.to_string());
        row("tokens of a message", format!("{:.1} in the mean, {} at most", lengths.mean(), lengths.most));
    }
    row("turns of a dialogue", format!("{:.1} in the mean, {} at most", stats.depths.mean(), stats.depths.most));
    row("sources", stats.sources.names().to_string());
    row("authors", stats.authors.names().to_string());
    if let (Some(first), Some(last)) = (stats.first, stats.last) {
        row("written", format!("{} to {}", first.date(), last.date()));
        let busiest = stats.hours.iter().enumerate().max_by_key(|(_, count)| **count);
        row("busiest hour", busiest.map(|(hour, _)| format!("{hour}:00")).unwrap_or_default());
    }
    if !stats.toxicity.is_empty() {
        let scored: u64 = stats.toxicity.iter().sum();
        let toxic: u64 = stats.toxicity[10..].iter().sum();
        row("toxicity", format!("{scored} scored, {toxic} above 0.5"));
    }
    table
}

fn authors(tally: &Tally) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header(["who", "messages"]);
    for (name, count) in tally.top() {
        table.add_row([name, &count.to_string()]);
    }
    if tally.rest() > 0 {
        table.add_row(["all others", &tally.rest().to_string()]);
    }
    table
}
