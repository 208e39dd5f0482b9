//! The order of the crowds, and what they show together.

use std::time::Duration;

use crate::anatomy;
use crate::crowd::{Crowd, Span};
use crate::figures::{Figures, median};
use crate::page::Page;
use crate::stage::{Daemon, Orders, Prompts, Stage};
use crate::table::{self, Case, Row};

/// Somebody who comes back to an idle chat, later than Telegram's guides would make the persona wait.
const IDLE: std::ops::Range<f64> = 1.2..2.2;
/// People who read and type.
const THINK: std::ops::Range<f64> = 5.0..15.0;
const NONE: std::ops::Range<f64> = 0.0..0.0;
/// Replies of the idle chat that are taken apart.
const TAKEN_APART: usize = 12;
/// How long the daemon is watched at rest, after a while in which it comes to rest.
const REST: (Duration, Duration) = (Duration::from_secs(3), Duration::from_secs(10));

/// What is compared: one idle chat, 32 chats, and these with one reply at a time.
const COMPARED: [(&str, [&str; 3]); 2] = [
    ("Together against one reply at a time, prompts of one message", ["idle", "crowd-32", "alone-32"]),
    ("The same with the default context of four messages", ["idle-talk", "crowd-32-talk", "alone-32-talk"]),
];

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent<'a> {
    /// How long each crowd is watched, at least.
    pub(crate) seconds: f64,
    /// The largest crowd.
    pub(crate) chats: usize,
    /// The crowds' names; all where there are none.
    pub(crate) cases: &'a [String],
}

impl Extent<'_> {
    fn holds(&self, case: &Case) -> bool {
        let named = self.cases.is_empty() || self.cases.iter().any(|name| name == case.name);
        named && case.chats <= self.chats
    }
}

/// Watches all crowds.
pub(crate) async fn crowds(stage: &Stage, extent: &Extent<'_>, page: &mut Page) -> anyhow::Result<()> {
    page.say(table::HEAD);
    let mut rows: Vec<Row> = Vec::new();
    let mut rest = None;
    let mut starts = Vec::new();
    for case in cases().into_iter().filter(|case| extent.holds(case)) {
        let (row, daemon) = table::run(stage, case, extent.seconds).await?;
        page.say(&row.line());
        rows.push(row);
        starts.push((daemon.up_after, daemon.start_peak));
        if rest.is_none() {
            rest = Some(at_rest(&daemon).await?);
        }
        daemon.stop().await?;
    }
    let floods: usize = rows.iter().map(Row::floods).sum();
    page.say(&format!("\nReplies that the emulator, which keeps Telegram's limits, refused as too fast: {floods}."));
    let figures = |name: &str| rows.iter().find(|row| row.case.name == name).map(|row| row.figures);
    for (title, names) in COMPARED {
        if let [Some(idle), Some(together), Some(alone)] = names.map(figures) {
            page.chapter(title, &compared(&idle, &together, &alone));
        }
    }
    page.chapter("Starting", &started(&starts));
    if let Some(rest) = rest {
        page.chapter("At rest", &rest);
    }
    page.chapter("Where the time of one idle chat goes", &taken_apart(stage).await?);
    Ok(())
}

fn cases() -> Vec<Case> {
    let paced = Orders { prompts: Prompts::OneMessage, ..Orders::default() };
    let unpaced = Orders { paced: false, ..paced };
    let talks = Orders::default();
    let case = |name, chats, think, orders| Case { name, chats, think, orders };
    vec![
        case("idle", 1, IDLE, paced),
        case("people-8", 8, THINK, paced),
        case("people-32", 32, THINK, paced),
        case("people-128", 128, THINK, paced),
        case("crowd-1", 1, NONE, paced),
        case("crowd-8", 8, NONE, paced),
        case("crowd-32", 32, NONE, paced),
        case("crowd-128", 128, NONE, paced),
        case("unpaced-1", 1, NONE, unpaced),
        case("unpaced-8", 8, NONE, unpaced),
        case("unpaced-32", 32, NONE, unpaced),
        case("alone-32", 32, NONE, Orders { max_batch: 1, ..paced }),
        case("idle-talk", 1, IDLE, talks),
        case("crowd-32-talk", 32, NONE, talks),
        case("alone-32-talk", 32, NONE, Orders { max_batch: 1, ..talks }),
    ]
}

/// One idle chat, 32 chats, and the same with one reply at a time.
fn compared(idle: &Figures, together: &Figures, alone: &Figures) -> String {
    format!(
        "One idle chat has its reply after {:.3} s (median; 95 % within {:.3} s). Wanted: 0.6 s.\n\n\
         | 32 chats without think time | replies/s | p95 s |\n|---|---|---|\n\
         | together | {:.2} | {:.2} |\n\
         | one reply at a time (engine.max_batch 1) | {:.2} | {:.2} |\n\
         | one at a time, by the idle chat's median | {:.2} | {:.2} |\n\
         | **together / one reply at a time** (wanted: 4) | **{:.2}** | {:.2} |\n\
         | together / by the idle chat's median | {:.2} | {:.2} |\n\n\
         The slowest of the 32 chats had {:.0} % of the mean number of replies; the longest wait was {:.2} s.\n",
        idle.p50,
        idle.p95,
        together.rate,
        together.p95,
        alone.rate,
        alone.p95,
        1.0 / idle.p50,
        32.0 * idle.p50,
        together.rate / alone.rate,
        together.p95 / alone.p95,
        together.rate * idle.p50,
        together.p95 / (32.0 * idle.p50),
        100.0 * together.share,
        together.longest,
    )
}

/// The first start converts the checkpoint where the daemon keeps converted weights; the others find them.
fn started(starts: &[(f64, f64)]) -> String {
    let Some(((seconds, peak), others)) = starts.split_first() else { return String::new() };
    let mut text = format!("The first start: up after {seconds:.2} s, at most {peak:.0} MiB in use.\n");
    if !others.is_empty() {
        let middle = |of: fn(&(f64, f64)) -> f64| median(others.iter().map(of).collect());
        let (seconds, peak) = (middle(|start| start.0), middle(|start| start.1));
        text.push_str(&format!("The {} others (medians): {seconds:.2} s, {peak:.0} MiB.\n", others.len()));
    }
    text
}

/// What a daemon uses while nobody writes; it keeps asking for updates.
async fn at_rest(daemon: &Daemon) -> anyhow::Result<String> {
    tokio::time::sleep(REST.0).await;
    let before = daemon.process().seconds()?;
    tokio::time::sleep(REST.1).await;
    let used = daemon.process().seconds()? - before;
    let (seconds, resident) = (REST.1.as_secs(), daemon.process().memory()?.resident);
    Ok(format!(
        "{used:.2} s of processor time in {seconds} s: {:.1} % of one core, {resident:.0} MiB resident.\n",
        100.0 * used / REST.1.as_secs_f64()
    ))
}

async fn taken_apart(stage: &Stage) -> anyhow::Result<String> {
    let orders = Orders { prompts: Prompts::OneMessage, ..Orders::default() };
    let daemon = stage.serve("anatomy", orders).await?;
    let crowd = Crowd::gather(stage, 1, IDLE, orders.prompts);
    let watched = crowd.watch(daemon.process(), Span { time: Duration::ZERO, rounds: TAKEN_APART }).await?;
    let table = anatomy::table(&daemon.log()?, &watched.exchanges)?;
    daemon.stop().await?;
    Ok(table)
}
