//! `make load`: the whole daemon, in a process of its own, against the emulator with one to 128 chats.
//!
//! The checkpoint is random and of full size, every reply has 128 tokens, state is in SQLite. The emulator and the people run
//! in this process, on the same cores.
#![expect(clippy::print_stdout, reason = "the tables are what a benchmark is for")]

mod anatomy;
mod checkpoint;
mod crowd;
mod figures;
#[path = "../support/page.rs"]
mod page;
mod parts;
mod prefix;
mod soak;
mod stage;
mod table;
mod talk;
mod usage;

#[path = "../../tests/it/support/host.rs"]
#[expect(dead_code, clippy::unwrap_used, reason = "the tests' daemon, of which a benchmark needs only a part")]
mod host;

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::page::Page;
use crate::stage::Stage;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Crowds of 1 to 128 chats, the idle chat's anatomy, the daemon at rest.
    Crowds,
    /// Memory over many messages.
    Soak,
    /// What prefix reuse would save.
    Prefix,
}

/// What is measured on.
const ABOUT: &str = "`maskarad serve` is a process of its own; the emulator and the people share its cores. Two personas on one \
    random checkpoint of ruGPT3Small's shape (12×768, 50,264 rows) in int8, private chats, replies of 128 tokens, SQLite. A wait \
    is from the message in the emulator to the reply's arrival there.";

#[derive(Parser)]
struct Arguments {
    /// How long each crowd is watched, in seconds, at least
    #[arg(long, default_value_t = 20.0)]
    seconds: f64,
    /// Leaves out larger crowds, on a machine that is slow
    #[arg(long, default_value_t = 128)]
    chats: usize,
    /// Measures only these crowds, by name, such as idle,crowd-32,alone-32
    #[arg(long, value_delimiter = ',')]
    cases: Vec<String>,
    /// Messages of the soak
    #[arg(long, default_value_t = 1000)]
    messages: usize,
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

impl Arguments {
    fn crowds(&self) -> parts::Extent<'_> {
        parts::Extent { seconds: self.seconds, chats: self.chats, cases: &self.cases }
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Runtime::new()?;
    let page = runtime.block_on(async {
        tokio::select! {
            page = measure(&arguments) => page,
            // A daemon in this process takes the signal for itself, and would be all that it stops.
            _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted"),
        }
    })?;
    match &arguments.write {
        Some(file) => page.write(file),
        None => Ok(()),
    }
}

async fn measure(arguments: &Arguments) -> anyhow::Result<Page> {
    let wanted = |part| arguments.only.is_empty() || arguments.only.contains(&part);
    let folder = tempfile::tempdir()?;
    checkpoint::write(folder.path())?;
    let stage = Stage::new(folder.path()).await?;
    let title = "The whole daemon under load (`make load`, server/benches/load)";
    let mut page = Page::begin("make load", title, ABOUT);
    if wanted(Part::Crowds) {
        parts::crowds(&stage, &arguments.crowds(), &mut page).await?;
    }
    if wanted(Part::Soak) {
        page.chapter("Memory over a long conversation", &soak::run(&stage, arguments.messages).await?);
    }
    if wanted(Part::Prefix) {
        page.chapter("What prefix reuse would save", &prefix::table(folder.path()).await?);
    }
    Ok(page)
}
