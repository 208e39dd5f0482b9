//! Acceptance 3: two daemons on one database; the one that serves is killed, and the other takes over.

use std::time::{Duration, Instant};

use crate::ground::Ground;
use crate::kill::Phase;
use crate::report::Report;
use crate::run::Slot;
use crate::stage::Stage;

/// How long the first reply may take.
const TAKE_OVER: Duration = Duration::from_secs(30);

/// Plays the act: so many take-overs.
pub(crate) async fn play(ground: Ground, seed: u64, rounds: usize) -> Report {
    let title = format!("standby on {}, seed {seed}, {rounds} take-overs", ground.kind().name());
    println!("{title}…");
    let mut stage = Stage::new(ground, seed).await;
    stage.open().await;
    stage.start(Slot::Second);
    let mut active = Slot::First;
    let mut times = Vec::new();
    for _ in 0..rounds {
        stage.breathe(20, TAKE_OVER).await;
        stage.write(15);
        let moment = stage.dice.up_to(Duration::from_millis(400));
        tokio::time::sleep(moment).await;
        let killed = Instant::now();
        stage.kill(active, Phase::Anywhere, false).await;
        let bots = stage.bots();
        let said = |tg: &maskarad_testbed::Testbed| bots.iter().map(|bot| tg.sent_count(bot)).sum::<usize>();
        let before = said(&stage.tg);
        stage.write(10);
        let heard = stage.tg.wait_until(TAKE_OVER * 2, |tg| said(tg) > before).await;
        times.push(heard.map(|()| killed.elapsed()));
        stage.start(active);
        active = active.other();
    }
    let mut report = stage.finish(&title, 0).await;
    let seconds: Vec<String> =
        times.iter().map(|time| format!("{:.1}", time.as_ref().map_or(f64::NAN, Duration::as_secs_f64))).collect();
    report.line(&format!("first reply after a kill, in seconds: {}", seconds.join(" ")));
    for time in times {
        match time {
            Ok(time) if time <= TAKE_OVER => {}
            Ok(time) => report.fail(format!("the first reply took {time:?}")),
            Err(error) => report.fail(format!("nobody took over: {error}")),
        }
    }
    report
}
