//! `maskarad-testbed`: the emulator for a person at a terminal, who writes as a member of one group.
//! Everything Telegram is the library's; here are a command line and a conversation.

mod console;

use std::net::SocketAddr;

use anyhow::{Context, Result};
use clap::Parser;
use maskarad_testbed::{BotSpec, Testbed};

/// A Telegram Bot API emulator on 127.0.0.1 with one group, a few bots, and you.
///
/// Point a bot at the printed address with one of the printed tokens, then type: what you write goes to the group,
/// and what bots answer is printed. Type `:help` for more.
#[derive(Debug, Parser)]
#[command(version, after_help = console::HELP)]
struct Arguments {
    /// Port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 8081)]
    port: u16,
    /// Username of a bot. May be given several times.
    #[arg(long = "bot", value_name = "USERNAME", default_values_t = ["avtobus_bot".to_owned(), "polkson_bot".to_owned()])]
    bots: Vec<String>,
    /// Switches the bots' privacy mode off: they see everything that is written in the group.
    #[arg(long)]
    see_all: bool,
    /// Title of the group.
    #[arg(long, default_value = "Друзья")]
    group: String,
}

#[tokio::main]
async fn main() -> Result<()> {
    run(Arguments::parse()).await
}

async fn run(arguments: Arguments) -> Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let address = SocketAddr::from(([127, 0, 0, 1], arguments.port));
    let testbed = Testbed::start_at(address).await.with_context(|| format!("can't listen on {address}"))?;
    let specs = arguments.bots.iter().map(|name| BotSpec::new(name).privacy(!arguments.see_all));
    let bots = specs.map(|spec| testbed.add_bot(spec)).collect();
    console::Console::new(testbed, bots, &arguments.group).converse().await;
    Ok(())
}
