//! `maskarad corpus forget`.

use std::io::Write;
use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use maskarad_trainer::corpus::forget::{Forgotten, forget};
use maskarad_trainer::corpus::record::Reader;

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
    // Before the first is altered, so that a slip of the pen alters none.
    for corpus in &arguments.corpora {
        Reader::open(corpus)?;
    }
    let mut output = Output::open();
    let mut nobody = true;
    for corpus in &arguments.corpora {
        let forgotten = forget(corpus, &arguments.author, arguments.names)?;
        nobody &= forgotten == Forgotten::default();
        let Forgotten { messages, repeats, dialogues, mentions } = forgotten;
        write!(output, "{}: {messages} messages removed", corpus.display())?;
        if repeats > 0 {
            write!(output, " (and {repeats} repetitions of them as context)")?;
        }
        write!(output, ", {dialogues} dialogues of which nothing is left")?;
        match mentions {
            0 => writeln!(output)?,
            mentions => writeln!(output, ", named in {mentions} messages of others")?,
        }
    }
    if nobody {
        let authors = arguments.author.join(", ");
        bail!("nobody there is called {authors}; `maskarad corpus stats` lists who speaks");
    }
    writeln!(
        output,
        "Exports, other corpora, reports and checkpoints that were made of these are as they were. A workshop imports its \
         sources again: name them under `forget` of its file, too."
    )?;
    Ok(())
}
