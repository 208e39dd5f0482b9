//! One row for each crowd: how many chats, whether they think, what they got, what the daemon used for it, and what set the
//! bound.

use std::time::Duration;

use maskarad::pacing::Guides;

use crate::crowd::{Crowd, Span, Think};
use crate::figures::Figures;
use crate::stage::{Daemon, Orders, Stage};
use crate::usage::Memory;

/// Everybody is watched until each had so many answers, and all together so many.
const LEAST: (usize, usize) = (2, 16);
/// So near to a bound something counts as being at it.
const NEAR: f64 = 0.85;
/// Other programs that take more than this part of the cores make a figure worthless.
const BUSY: f64 = 0.1;

/// A crowd, and what the daemon is told for it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) chats: usize,
    pub(crate) think: Think,
    pub(crate) orders: Orders,
}

/// What came of a case.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) case: Case,
    pub(crate) figures: Figures,
    prompt_tokens: f64,
    /// Seconds of processor time for one reply.
    cpu_per_reply: f64,
    /// Shares of all cores: the daemon's, the emulator's with the people, and that of other programs.
    cores: [f64; 3],
    memory: Memory,
    floods: usize,
}

pub(crate) const HEAD: &str = "\
| chats | think s | prompt tokens | at once | pace | replies/s | p50 s | p95 s | p99 s | longest s | slowest chat's share | CPU s a reply | \
cores: daemon | emulator | others | RSS MiB | peak MiB | replies | bound by |\n\
|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|";

/// Serves a crowd, and says what it got. The daemon goes on.
pub(crate) async fn run(stage: &Stage, case: Case, seconds: f64) -> anyhow::Result<(Row, Daemon)> {
    let daemon = stage.serve(case.name, case.orders).await?;
    let crowd = Crowd::gather(stage, case.chats, case.think.clone(), case.orders.prompts);
    let (process, calls) = (daemon.process(), stage.tg.request_count());
    process.forget_peak()?;
    let span = Span { time: Duration::from_secs_f64(seconds), rounds: LEAST.0.max(LEAST.1.div_ceil(case.chats)) };
    let watched = crowd.watch(process, span).await?;
    let figures = Figures::of(&watched, case.chats);
    let cores = std::thread::available_parallelism().map_or(1.0, |cores| cores.get() as f64);
    let row = Row {
        case,
        figures,
        prompt_tokens: daemon.prompt_tokens()?,
        cpu_per_reply: watched.cpu.daemon / figures.replies as f64,
        cores: [watched.cpu.daemon, watched.cpu.emulator, watched.cpu.others()]
            .map(|cpu| cpu / watched.seconds / cores),
        memory: process.memory()?,
        floods: stage.floods_since(calls),
    };
    Ok((row, daemon))
}

impl Row {
    /// As a line of the table.
    pub(crate) fn line(&self) -> String {
        let Self { case, figures, prompt_tokens, cpu_per_reply, cores, memory, .. } = self;
        let think = if case.think.is_empty() { "–".to_owned() } else { format!("{:?}", case.think) };
        format!(
            "| {} | {think} | {prompt_tokens:.0} | {} | {} | {:.2} | {:.3} | {:.3} | {:.3} | {:.3} | {:.2} | {cpu_per_reply:.3} | {:.0} % | {:.0} % | {:.0} % \
             | {:.0} | {:.0} | {} | {} |",
            case.chats,
            case.orders.max_batch,
            if case.orders.paced { "Telegram's" } else { "none" },
            figures.rate,
            figures.p50,
            figures.p95,
            figures.p99,
            figures.longest,
            figures.share,
            100.0 * cores[0],
            100.0 * cores[1],
            100.0 * cores[2],
            memory.resident,
            memory.peak,
            figures.replies,
            self.bound(),
        )
    }

    /// Calls that were refused for coming too fast.
    pub(crate) fn floods(&self) -> usize {
        self.floods
    }

    /// What keeps the rate from being higher.
    fn bound(&self) -> &'static str {
        let guides = Guides::default();
        let chats = self.case.chats as f64 / guides.chat_interval.as_secs_f64();
        let bots = 2.0 * guides.bot_per_second as f64;
        match () {
            () if self.case.orders.paced && self.figures.rate > NEAR * chats.min(bots) => "pace",
            () if self.cores[2] > BUSY => "other programs",
            () if self.cores[0] + self.cores[1] > NEAR => "cores",
            () if !self.case.think.is_empty() => "people",
            () => "one reply at a time in a chat",
        }
    }
}
