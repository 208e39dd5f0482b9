//! Where the time between a message and its reply goes in one idle chat, by the daemon's log and the emulator's clock.

use std::time::SystemTime;

use anyhow::{Context, ensure};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::crowd::Exchange;
use crate::figures::median;

/// The steps, in order, and what each holds.
const STEPS: [(&str, &str); 6] = [
    ("taken", "the long poll's answer, the commit to the inbox"),
    ("routed", "what it means, the commit of history and job"),
    ("claimed", "the job's commit, history, prompt, the way to the engine"),
    ("prompt", "the engine's first step: the prompt, the first token"),
    ("generated", "the other tokens"),
    ("sent", "cleaning, two commits, the request on its way"),
];

/// A table of the steps' medians, in milliseconds.
pub(crate) fn table(log: &[Value], exchanges: &[Exchange]) -> anyhow::Result<String> {
    let mut spans: [Vec<f64>; STEPS.len()] = Default::default();
    for exchange in exchanges {
        for (span, milliseconds) in spans.iter_mut().zip(steps(log, exchange)?) {
            span.push(milliseconds);
        }
    }
    ensure!(!exchanges.is_empty(), "there were replies");
    let mut table = "| step | median ms | holds |\n|---|---|---|\n".to_owned();
    for ((name, holds), span) in STEPS.iter().zip(spans) {
        table.push_str(&format!("| {name} | {:.1} | {holds} |\n", median(span)));
    }
    Ok(table)
}

/// How long each step of one exchange took.
fn steps(log: &[Value], exchange: &Exchange) -> anyhow::Result<[f64; STEPS.len()]> {
    let (asked, answered) = (OffsetDateTime::from(exchange.asked), OffsetDateTime::from(exchange.answered));
    let line = |message: &'static str| {
        let meant = log.iter().filter(move |line| line["message"] == message);
        let at = meant.map(|line| (line, instant(line)));
        at.filter_map(|(line, at)| Some((line, at?)))
            .find(|(_, at)| (asked..=answered).contains(at))
            .with_context(|| format!("the log has no {message:?} between a message and its reply"))
    };
    let ((_, stored), (_, routed), (generated, made)) = (line("updates stored")?, line("routed")?, line("generated")?);
    let took = |field: &str| generated[field].as_f64().unwrap_or_default();
    let (prompt, rest) = (took("queue_ms") + took("prompt_ms"), took("generate_ms"));
    let milliseconds = |from: OffsetDateTime, to: OffsetDateTime| (to - from).as_seconds_f64() * 1000.0;
    let claimed = milliseconds(routed, made) - prompt - rest;
    Ok([
        milliseconds(asked, stored),
        milliseconds(stored, routed),
        claimed,
        prompt,
        rest,
        milliseconds(made, SystemTime::from(answered).into()),
    ])
}

fn instant(line: &Value) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(line["timestamp"].as_str()?, &Rfc3339).ok()
}
