//! Acceptance 1: `kill -9`, aimed at every phase of a message's way.

use std::time::{Duration, Instant};

use maskarad_testbed::{Fault, FaultSpec};

use crate::dice::Dice;
use crate::ground::Ground;
use crate::kill::Phase;
use crate::report::Report;
use crate::run::Slot;
use crate::stage::Stage;

/// How long a target is waited for.
const PATIENCE: Duration = Duration::from_secs(4);
/// More messages than this on their way, and the daemon may work undisturbed for a while.
const CROWDED: i64 = 60;
/// How long that while may be.
const RESPITE: Duration = Duration::from_secs(20);
/// Logs that are kept before they are searched.
const LOGS: usize = 60;

/// How much is to happen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) kills: usize,
    pub(crate) messages: usize,
}

/// Plays the act.
pub(crate) async fn play(ground: Ground, seed: u64, extent: Extent) -> Report {
    let title = format!("kills on {}, seed {seed}, {extent:?}", ground.kind().name());
    println!("{title}…");
    let mut stage = Stage::new(ground, seed).await;
    let share = extent.kills / 5;
    stage.open().await;
    while stage.kills.len() < extent.kills * 3 / 2 {
        let Some(phase) = next_phase(&mut stage, extent, share) else { break };
        stage.breathe(CROWDED, RESPITE).await;
        strike(&mut stage, phase, extent).await;
        let pause = stage.dice.up_to(Duration::from_millis(100));
        tokio::time::sleep(pause).await;
        stage.start(Slot::First);
        stage.until_up().await;
        stage.read_logs(LOGS);
    }
    let left = extent.messages.saturating_sub(stage.crowd.count);
    stage.write(left);
    let mut report = stage.finish(&title, share).await;
    if stage.kills.len() < extent.kills {
        report.fail(format!("{} kills, {} were asked for", stage.kills.len(), extent.kills));
    }
    report
}

/// The phase that is furthest behind its share, or anywhere; `None` when all is done.
fn next_phase(stage: &mut Stage, extent: Extent, share: usize) -> Option<Phase> {
    let struck =
        |phase: Phase| stage.kills.iter().filter(|kill| kill.aimed == phase && kill.found.struck(phase)).count();
    let behind: Vec<Phase> = Phase::ALL.into_iter().filter(|phase| struck(*phase) < share).collect();
    match behind.as_slice() {
        [] if stage.kills.len() >= extent.kills => None,
        [] => Some(Phase::Anywhere),
        behind => Some(*stage.dice.pick(behind)),
    }
}

/// Lets people write, waits until a message is in the phase, and kills.
async fn strike(stage: &mut Stage, phase: Phase, extent: Extent) {
    let left = extent.messages.saturating_sub(stage.crowd.count);
    let kills = extent.kills.saturating_sub(stage.kills.len()).max(1);
    let count = (stage.dice.below(2 * (left / kills) + 1)).max(1).min(left.max(1));
    let mut locked = false;
    match phase {
        Phase::Fetched => locked = fetch(stage, count).await,
        Phase::Queued => {
            stage.write(count);
            let waiting = "(select count(*) from inbox where routed_at is null)
                           + (select count(*) from jobs where state = 'pending')";
            until(stage, waiting).await;
        }
        Phase::Generating => {
            stage.write(count);
            until(stage, "select count(*) from jobs where state = 'running'").await;
        }
        Phase::Sending => send(stage, count).await,
        Phase::Anywhere => {
            stage.write(count);
            nap(&mut stage.dice, Duration::from_millis(700)).await;
        }
    }
    stage.kill(Slot::First, phase, locked).await;
    stage.tg.clear_faults();
}

/// Waits until updates were handed out, mostly while they can't be stored; whether the database is locked now.
async fn fetch(stage: &mut Stage, count: usize) -> bool {
    let locked = stage.dice.chance(0.85);
    if locked {
        // What is being sent could not be recorded then, and would all be sent again.
        until_none(stage, "select count(*) from jobs where state in ('ready', 'sending')").await;
        stage.ground.lock().await;
    }
    let bots = stage.bots();
    let handed_out: Vec<_> = bots.iter().map(|bot| bot.handed_out()).collect();
    stage.write(count);
    let news = |_: &_| bots.iter().zip(&handed_out).any(|(bot, before)| bot.handed_out() != *before);
    let _ = stage.tg.wait_until(PATIENCE, news).await;
    let longest = if locked { Duration::from_millis(12) } else { Duration::from_millis(2) };
    nap(&mut stage.dice, longest).await;
    locked
}

/// Waits until a reply is on its way: before it was carried out or after. One that an earlier kill cut off is left alone,
/// for after two sends of unknown outcome it would not be sent again.
async fn send(stage: &mut Stage, count: usize) {
    until_none(stage, "select count(*) from jobs where attempts > 0 and state <> 'done'").await;
    let fault = if stage.dice.chance(0.5) { Fault::Held(PATIENCE) } else { Fault::Slow(PATIENCE) };
    let script = stage.tg.fault(FaultSpec::new(fault).method("sendMessage").times(1));
    stage.write(count);
    let _ = stage.tg.wait_until(PATIENCE, |_| script.fired() > 0).await;
    nap(&mut stage.dice, Duration::from_millis(15)).await;
}

/// Waits until a count isn't zero.
async fn until(stage: &mut Stage, sql: &str) {
    let deadline = Instant::now() + PATIENCE;
    while stage.ground.number(sql).await == 0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
}

/// Waits until a count is zero.
async fn until_none(stage: &mut Stage, sql: &str) {
    let deadline = Instant::now() + PATIENCE;
    while stage.ground.number(sql).await > 0 && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn nap(dice: &mut Dice, longest: Duration) {
    tokio::time::sleep(dice.up_to(longest)).await;
}
