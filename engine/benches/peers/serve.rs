//! A child in Rust: loads one engine and answers the conductor's requests until they end.

use std::io::{BufRead, Write};

use crate::protocol::{Answer, Loaded, Request, Work};
use crate::{Failure, candle_peer, ours};

/// Times of one work, and the tokens it gave.
pub(crate) struct Outcome {
    /// Seconds to the first token.
    pub(crate) first: f64,
    /// Seconds from there to the end.
    pub(crate) rest: f64,
    /// Tokens that fell into `rest`, where that isn't all but the first of each chat.
    pub(crate) rest_tokens: Option<f64>,
    /// The tokens of each chat.
    pub(crate) tokens: Vec<Vec<u32>>,
}

/// An engine that lives in this program.
pub(crate) trait Peer {
    /// Carries out one request.
    fn generate(&mut self, prompts: Vec<Vec<u32>>, new: usize) -> Result<Outcome, Failure>;
}

/// Which engine a child loads, how, and from where.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Child {
    /// `ours` or `candle`.
    pub(crate) engine: String,
    /// What the engine calls its precision.
    pub(crate) precision: String,
    /// The folder that holds the checkpoint.
    pub(crate) folder: std::path::PathBuf,
    /// Threads to compute on.
    pub(crate) threads: usize,
}

/// Runs a child to the end of its input.
pub(crate) fn run(child: &Child) -> Result<(), Failure> {
    // A stopped child would outlive a conductor that was killed.
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    let mut output = std::io::stdout();
    let (mut peer, loaded): (Box<dyn Peer>, Loaded) = match child.engine.as_str() {
        "ours" => ours::load(child)?,
        "candle" => candle_peer::load(child)?,
        other => return Err(format!("no such engine: {other}").into()),
    };
    writeln!(output, "{}", serde_json::to_string(&loaded)?)?;
    for line in std::io::stdin().lock().lines() {
        let request: Request = serde_json::from_str(&line?)?;
        let new = if request.work == Work::Prefill { 1 } else { request.new };
        let Outcome { first, rest, rest_tokens, tokens } = peer.generate(request.prompts, new)?;
        let answer = Answer { first, rest, rest_tokens, tokens, peak_memory: peak_memory()? };
        writeln!(output, "{}", serde_json::to_string(&answer)?)?;
    }
    Ok(())
}

/// The most memory this process ever held, in MiB.
fn peak_memory() -> Result<f64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: f64 = line.and_then(|line| line.split_whitespace().next()).ok_or("no VmHWM")?.parse()?;
    Ok(kilobytes / 1024.0)
}
