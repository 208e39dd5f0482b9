//! A long conversation with many: does the daemon's memory grow?

use std::time::Duration;

use anyhow::ensure;

use crate::crowd::{Crowd, Span};
use crate::stage::{Orders, Stage};

const CHATS: usize = 32;
/// What memory may grow by over the second half of the messages, in MiB: an allocator's breath, and far less than a leak of
/// one reply's keys and values a chat.
const MOST: f64 = 8.0;

/// Exchanges so many messages, and tells how much memory was in use on the way.
pub(crate) async fn run(stage: &Stage, messages: usize) -> anyhow::Result<String> {
    let orders = Orders { paced: false, ..Orders::default() };
    let daemon = stage.serve("soak", orders).await?;
    let crowd = Crowd::gather(stage, CHATS, 0.0..0.0, orders.prompts);
    let sent = || stage.bots.iter().map(|bot| stage.tg.sent_count(bot)).sum::<usize>();
    let before = sent();
    let mut table = "| messages | RSS MiB |\n|---|---|\n".to_owned();
    let mut half = None;
    let last = loop {
        crowd.watch(daemon.process(), Span { time: Duration::ZERO, rounds: 1 }).await?;
        let (exchanged, memory) = (sent() - before, daemon.process().memory()?);
        table.push_str(&format!("| {exchanged} | {:.1} |\n", memory.resident));
        if exchanged >= messages / 2 {
            half.get_or_insert(memory.resident);
        }
        if exchanged >= messages {
            break memory.resident;
        }
    };
    daemon.stop().await?;
    let grown = last - half.unwrap_or(last);
    ensure!(grown <= MOST, "memory grew by {grown:.1} MiB over the second half of {messages} messages\n{table}");
    Ok(format!("{table}\nGrown over the second half: {grown:+.1} MiB (at most {MOST} MiB).\n"))
}
