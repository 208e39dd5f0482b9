//! What `/readyz` says, and what counts as able to serve. Pure: whoever asks has looked already.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::watch::Answer;
use crate::chat::PersonaName;
use crate::standing;
use crate::store::{Backlog, Writing};

/// A failed write is told of for so long after the last one: whoever has something to record tries again within seconds, so
/// after this nobody has.
const FAILING_FOR: Duration = Duration::from_secs(60);
/// A write that takes longer is told of. It takes milliseconds.
const SLOW: Duration = Duration::from_secs(5);

/// What was seen.
pub(super) struct Seen {
    pub(super) store: Answer,
    pub(super) writing: Writing,
    pub(super) engine_alive: bool,
    /// Other programs may ask for replies: personas without a bot are served, too.
    pub(super) api_open: bool,
    /// No more messages may wait for an answer.
    pub(super) full: bool,
    /// No more updates may wait to be read.
    pub(super) flooded: bool,
    pub(super) personas: BTreeMap<PersonaName, standing::Report>,
}

/// What is said. Holds no token and no text of a chat, because nothing that goes into it does.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Report {
    pub(super) status: Status,
    /// Why it isn't `ready`.
    reasons: Vec<String>,
    store: StoreReport,
    engine: &'static str,
    pub(super) personas: BTreeMap<PersonaName, standing::Report>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backlog: Option<Backlog>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// Everybody is served.
    Ready,
    /// Somebody is not.
    Degraded,
    /// Nobody is.
    Unavailable,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct StoreReport {
    state: StoreState,
    /// For how long.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum StoreState {
    Ok,
    /// It can't be reached, or doesn't answer.
    Away,
    /// It answers, and takes no writes: read-only, or full.
    Unwritable,
    /// A write hangs.
    Slow,
}

/// Puts together what is said.
pub(super) fn report(seen: Seen) -> Report {
    let (store, backlog) = store(seen.store, &seen.writing);
    let mut reasons = Vec::new();
    if store.state != StoreState::Ok {
        reasons.push(store.reason());
    }
    if !seen.engine_alive {
        reasons.push("the engine has died".to_owned());
    }
    let serving = |report: &standing::Report| report.state.is_serving();
    if !seen.api_open && !seen.personas.values().any(serving) {
        reasons.push("no persona is served by this daemon".to_owned());
    }
    let able = reasons.is_empty();
    if seen.full {
        reasons.push("no more messages may wait for an answer; whoever calls is told so".to_owned());
    }
    if seen.flooded {
        reasons.push("no more updates may wait; they stay with Telegram".to_owned());
    }
    reasons.extend(seen.personas.iter().filter_map(|(name, report)| {
        let state = (!report.is_served()).then_some(report.state);
        let trouble = state.map(|state| format!("{state:?}").to_lowercase()).or_else(|| report.trouble.clone());
        trouble.map(|trouble| format!("{name}: {trouble}"))
    }));
    let status = match (able, reasons.is_empty()) {
        (true, true) => Status::Ready,
        (true, false) => Status::Degraded,
        (false, _) => Status::Unavailable,
    };
    let engine = if seen.engine_alive { "alive" } else { "dead" };
    Report { status, reasons, store, engine, personas: seen.personas, backlog }
}

fn store(answer: Answer, writing: &Writing) -> (StoreReport, Option<Backlog>) {
    let told = |state, time: Duration, cause| StoreReport { state, seconds: Some(time.as_secs()), cause };
    let failing = writing.failing.as_ref().filter(|failing| failing.last < FAILING_FOR);
    match (answer, failing, writing.waiting.filter(|waiting| *waiting >= SLOW)) {
        (Answer::Away(time, cause), ..) => (told(StoreState::Away, time, Some(cause)), None),
        (Answer::There(backlog), Some(failing), _) => {
            (told(StoreState::Unwritable, failing.since, Some(failing.cause.to_string())), Some(backlog))
        }
        (Answer::There(backlog), None, Some(waiting)) => (told(StoreState::Slow, waiting, None), Some(backlog)),
        (Answer::There(backlog), None, None) => {
            (StoreReport { state: StoreState::Ok, seconds: None, cause: None }, Some(backlog))
        }
    }
}

impl StoreReport {
    fn reason(&self) -> String {
        let what = match self.state {
            StoreState::Ok => "the database is there",
            StoreState::Away => "the database is away",
            StoreState::Unwritable => "the database takes no writes",
            StoreState::Slow => "a write to the database hangs",
        };
        let seconds = self.seconds.unwrap_or_default();
        match &self.cause {
            Some(cause) => format!("{what} for {seconds} s: {cause}"),
            None => format!("{what} for {seconds} s"),
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
