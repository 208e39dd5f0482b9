//! What befell the workers and their broker, and where replies were made.

use std::collections::HashMap;
use std::time::Duration;

use super::Extent;
use crate::report::Report;
use crate::secrets::Logs;
use crate::stage::Stage;

/// What the daemon says of a reply that came from a worker.
const ELSEWHERE: &str = "a reply was made elsewhere";
/// What it says of one of its own.
const HERE: &str = "a reply was made here";
/// … and why, where workers were to make it.
const FELL_BACK: &str = "a reply is made here instead";
/// What it says of a result that somebody else had brought before, or that came too late.
const TOO_LATE: &str = "nobody waits for this result any more";

/// What a worker says of a job that the broker had given to another before.
const AGAIN: &str = "a job begins again";
/// A reply that somebody waits for longer was forgotten somewhere, and only remembered at its deadline.
const LONGEST: Duration = Duration::from_secs(90);

/// So far.
#[derive(Default)]
pub(super) struct Tally {
    /// How many jobs each killed worker had under way.
    pub(super) kills: Vec<usize>,
    /// How many jobs were under way each time that the broker was killed, and for how long it was away.
    pub(super) outages: Vec<(usize, Duration)>,
    pub(super) cut: Option<Cut>,
}

/// A worker was cut off.
pub(super) struct Cut {
    /// Jobs that it had under way then.
    pub(super) found: usize,
    /// Jobs that it thought it had in the end.
    pub(super) left: usize,
    /// Whether it worked again afterwards.
    pub(super) came_back: bool,
}

/// Has what is said of replies counted.
pub(super) fn listen(logs: &mut Logs) {
    for words in [ELSEWHERE, HERE, FELL_BACK, TOO_LATE, AGAIN] {
        logs.count(words);
    }
}

impl Tally {
    /// Kills that struck somebody at work.
    pub(super) fn struck(&self) -> usize {
        self.kills.iter().filter(|under_way| **under_way > 0).count()
    }

    /// Tells it all, and what of it is a failure.
    pub(super) fn report(&self, stage: &Stage, extent: Extent, report: &mut Report) {
        let (kills, struck, jobs) = (self.kills.len(), self.struck(), self.kills.iter().sum::<usize>());
        report.line(&format!("workers killed: {kills}, of them at work: {struck}, with {jobs} jobs under way"));
        let jobs: usize = self.outages.iter().map(|(under_way, _)| under_way).sum();
        let away: Vec<String> = self.outages.iter().map(|(_, away)| format!("{:.1}", away.as_secs_f64())).collect();
        let (outages, away) = (self.outages.len(), away.join(" "));
        report.line(&format!("broker killed: {outages} times, with {jobs} jobs under way; away for {away} s"));
        if struck < extent.kills || outages < extent.outages {
            report.fail(format!("not all that was to happen did: {extent:?}"));
        }
        self.report_cut(extent, report);
        let again = stage.logs.counted[AGAIN];
        report.line(&format!("jobs that the broker gave to another: {again}"));
        if again < struck {
            // The daemon would make them at last, and nobody but those who waited would notice.
            report.fail(format!("{struck} workers died over jobs, and only {again} jobs were given to another"));
        }
        report_makers(stage, extent.least, report);
        report_waits(stage, report);
    }

    fn report_cut(&self, extent: Extent, report: &mut Report) {
        let Some(Cut { found, left, came_back }) = self.cut else {
            return report.line("no worker was cut off: that takes root and iproute2");
        };
        report.line(&format!(
            "a worker cut off for {:.0} s: with {found} jobs under way, {left} in the end",
            extent.cut.as_secs_f64()
        ));
        if found == 0 {
            report.fail("the worker that was cut off had nothing to do".to_owned());
        }
        if !came_back {
            report.fail("the worker that was cut off never worked again".to_owned());
        }
    }
}

/// Where replies were made, and that enough of them were made elsewhere.
fn report_makers(stage: &Stage, least: f64, report: &mut Report) {
    let said = |words| stage.logs.counted[words];
    let (elsewhere, here) = (said(ELSEWHERE), said(HERE));
    let made: Vec<String> = stage.crew.made.iter().map(|(name, count)| format!("{name} {count}")).collect();
    report.line(&format!(
        "made elsewhere {elsewhere} (jobs ended: {}), here {here}, of them given back by those elsewhere {}; results \
         that nobody waited for any more: {}",
        made.join(", "),
        said(FELL_BACK),
        said(TOO_LATE)
    ));
    let all = elsewhere + here;
    if elsewhere as f64 <= least * all as f64 {
        report.fail(format!("only {elsewhere} of {all} replies were made elsewhere"));
    }
}

/// How long people waited for their answers.
fn report_waits(stage: &Stage, report: &mut Report) {
    let asked: HashMap<_, _> = stage.script.written.iter().map(|written| (written.message, written.at)).collect();
    let sent = stage.bots().into_iter().flat_map(|bot| stage.tg.sent_by(&bot));
    let wait = sent.filter_map(|sent| sent.at.duration_since(*asked.get(&sent.reply_to?)?).ok());
    let mut waits: Vec<Duration> = wait.collect();
    waits.sort_unstable();
    let within = |percent: usize| waits.get((waits.len() * percent / 100).min(waits.len().saturating_sub(1)));
    let [half, most, longest] = [50, 99, 100].map(|percent| within(percent).copied().unwrap_or_default());
    report.line(&format!(
        "half of the answers came within {half:.1?}, 99 of 100 within {most:.1?}, the last within {longest:.1?}"
    ));
    if longest > LONGEST {
        report.fail(format!("somebody waited {longest:.1?} for an answer"));
    }
}
