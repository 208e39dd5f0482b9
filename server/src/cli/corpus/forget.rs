//! `maskarad corpus forget`.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use maskarad_trainer::corpus::forget::forget;

use crate::cli::output::Output;

/// What `corpus forget` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Corpora to remove them from, in place; no copy is kept.
    #[arg(required = true, value_name = "CORPUS")]
    corpora: Vec<PathBuf>,
    /// Who, by id or name; can be repeated.
    #[arg(long, required = true, value_name = "AUTHOR")]
    author: Vec<String>,
    /// Put … where their name stands in others' messages.
    #[arg(long)]
    names: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut output = Output::open();
    for corpus in &arguments.corpora {
        let forgotten = forget(corpus, &arguments.author, arguments.names)?;
        let (turns, dialogues) = (forgotten.turns, forgotten.dialogues);
        write!(
            output,
            "{}: {turns} messages removed, {dialogues} dialogues of which nothing is left",
            corpus.display()
        )?;
        match forgotten.mentions {
            0 => writeln!(output)?,
            mentions => writeln!(output, ", named in {mentions} messages of others")?,
        }
    }
    writeln!(output, "Exports, other corpora and checkpoints that were made of these are as they were.")?;
    Ok(())
}
