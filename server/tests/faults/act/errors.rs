//! Acceptance 2: everything that can go wrong around the daemon, by seed: every scripted error of the emulator, a database
//! that dies or is full, groups that move, people who block, clocks that jump, and kills among all that.

mod outage;
mod reload;
mod trouble;

use std::time::Duration;

use crate::cast::MOVING;
use crate::ground::Ground;
use crate::kill::Phase;
use crate::report::Report;
use crate::run::Slot;
use crate::stage::Stage;
use trouble::Trouble;

/// More messages than this on their way, and people wait a while.
const CROWDED: i64 = 120;
/// How long that while may be.
const RESPITE: Duration = Duration::from_secs(10);
/// Steps after the last message was due, for faults that haven't met their call yet.
const LONGER: usize = 150;
/// Logs that are kept before they are searched.
const LOGS: usize = 20;

/// How much is to happen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) messages: usize,
    /// How often the database goes away.
    pub(crate) outages: usize,
    pub(crate) kills: usize,
    /// How often the manifests change.
    pub(crate) reloads: usize,
}

/// Plays the act.
pub(crate) async fn play(ground: Ground, seed: u64, extent: Extent) -> Report {
    let title = format!("errors on {}, seed {seed}, {extent:?}", ground.kind().name());
    println!("{title}…");
    let mut stage = Stage::new(ground, seed).await;
    stage.open().await;
    let mut trouble = Trouble::new(seed);
    let (mut outages, mut moves, mut reloads, mut longer, mut steps) = (0, 0, 0, LONGER, 0);
    while stage.crowd.count < extent.messages || ((trouble.is_owing() || reloads < extent.reloads) && longer > 0) {
        steps += 1;
        longer -= usize::from(stage.crowd.count >= extent.messages);
        let count = 1 + stage.dice.below(8);
        stage.write(count);
        trouble.step(&mut stage);
        let come = |of: usize| of * stage.crowd.count / extent.messages.max(1);
        let (due_outages, due_kills, due_moves) = (come(extent.outages), come(extent.kills), come(MOVING.len() + 1));
        if outages < due_outages.min(extent.outages) {
            outages += 1;
            outage::strike(&mut stage).await;
        } else if stage.kills.len() < due_kills.min(extent.kills) {
            kill(&mut stage, &mut trouble).await;
        } else if moves < due_moves.min(MOVING.len()) {
            migrate(&mut stage, MOVING[moves]).await;
            moves += 1;
        } else if reloads < come(extent.reloads).min(extent.reloads) {
            reloads += 1;
            reload::strike(&mut stage, reloads).await;
        }
        stage.crowd.ask_for_nothing(&stage.tg, &stage.cast, &mut stage.script);
        let pause = stage.dice.up_to(Duration::from_millis(120));
        tokio::time::sleep(pause).await;
        stage.breathe(CROWDED, RESPITE).await;
        stage.read_logs(LOGS);
    }
    let mut report = stage.finish(&title, 0).await;
    report.line(&format!("{steps} steps"));
    report.line(&format!("outages of the database: {outages} ({})", outage::kind(&stage.ground)));
    report.line(&format!("manifests changed: {reloads} times"));
    if reloads < extent.reloads || outages < extent.outages || stage.kills.len() < extent.kills {
        report.fail(format!("not all that was to happen did: {extent:?}"));
    }
    for missing in trouble.never_fired() {
        report.fail(format!("a fault never fired: {missing}"));
    }
    report
}

/// A kill at any moment; the next daemon meets trouble while it comes up.
async fn kill(stage: &mut Stage, trouble: &mut Trouble) {
    stage.kill(Slot::First, Phase::Anywhere, false).await;
    trouble.at_start(stage);
    stage.start(Slot::First);
}

/// A basic group becomes a supergroup while several people wait for an answer. They are all that waits there, so that the
/// auditor can count the answers that come afterwards.
async fn migrate(stage: &mut Stage, title: &'static str) {
    let room = stage.cast.room(title);
    let group = stage.cast.rooms[room].group().expect("a group moves").clone();
    stage.crowd.resting.push(room);
    let sql = format!(
        "(select count(*) from inbox where chat_id = {id} and routed_at is null)
         + (select count(*) from jobs where chat_id = {id} and state <> 'done')",
        id = group.id()
    );
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while stage.unfetched_of(group.id()) > 0 || stage.ground.number(&sql).await > 0 {
        assert!(std::time::Instant::now() < deadline, "{title} never comes to rest");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for person in stage.cast.rooms[room].people.clone() {
        stage.crowd.mention(&stage.tg, &stage.cast, &mut stage.script, (room, person));
    }
    let moment = stage.dice.up_to(Duration::from_millis(400));
    tokio::time::sleep(moment).await;
    let moved = stage.tg.migrate(&group);
    stage.script.moved.insert(group.id(), moved.id());
    stage.cast.rooms[room].place = crate::cast::Place::Group(moved);
    stage.crowd.resting.retain(|resting| *resting != room);
}
