//! Numbers for whoever watches the daemon over time: what is counted, and how. Knows no chat, no person and no text: what
//! labels there are is in `metrics/names.rs`.
//!
//! The rest of the program calls the functions below, which do nothing until [`install`] was called, for the recorder is the
//! process's own.

mod engine;
mod exporter;
mod names;
mod scrape;
mod workers;

use std::time::Duration;

use ::metrics::{Counter, Gauge, Histogram, Label};

pub use engine::EngineWatch;
pub use exporter::{Exporter, install};
pub use names::{ALL, Kind, Metric};
pub(crate) use scrape::TEXT;
pub use scrape::{Looker, start};
pub use workers::{Fallback, Place, fell_back, generated_at};

use crate::chat::PersonaName;
use crate::live::Voice;
use crate::store::{Effect, Outcome, Routed};
use crate::transport::TransportError;
use crate::trigger::Trigger;

/// The database's calls, grouped by what they are about.
pub const OPERATIONS: [&str; 20] = [
    "api_keys",
    "audit",
    "backlog",
    "bots",
    "chat_book",
    "effects",
    "forget",
    "history",
    "inbox",
    "jobs",
    "leases",
    "migration",
    "pauses",
    "prune",
    "queue",
    "rooms",
    "sessions",
    "settings",
    "tally",
    "other",
];

/// How requests are counted to which no route of ours belongs.
pub const NO_ROUTE: &str = "other";

/// What comes of a send.
const RESULTS: [&str; 8] =
    ["sent", "flood", "forbidden", "migrated", "rejected", "unauthorized", "unreachable", "unknown"];

/// A call of the Bot API that may be told to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Asking for updates.
    Poll,
    /// Sending a message.
    Send,
}

impl Call {
    fn as_str(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Send => "send",
        }
    }
}

/// A cache whose usefulness is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cache {
    /// What chats have set.
    Settings,
    /// Whom a persona doesn't answer.
    Blocked,
    /// Who administers a chat.
    Admins,
}

impl Cache {
    const ALL: [Self; 3] = [Self::Settings, Self::Blocked, Self::Admins];

    fn as_str(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Blocked => "blocked",
            Self::Admins => "admins",
        }
    }
}

/// Lets a persona's numbers begin at zero, so that the first of anything is seen as a rise; and notes what its weights take.
pub fn introduce(persona: &PersonaName, voice: &Voice) {
    updates_received(persona, 0);
    for trigger in Trigger::ALL {
        triggered(persona, trigger).increment(0);
    }
    let without_reply = |outcome| matches!(outcome, Outcome::Shared | Outcome::Coalesced | Outcome::Overloaded);
    for outcome in Outcome::ALL.into_iter().filter(|outcome| !without_reply(*outcome)) {
        ended(persona, outcome).increment(0);
    }
    for result in RESULTS {
        sends(persona, result).increment(0);
    }
    for call in [Call::Poll, Call::Send] {
        floods(persona, call).increment(0);
    }
    generated_tokens(persona).increment(0);
    counter(&names::PROMPT_TOKENS, &[("persona", persona.as_str())]).increment(0);
    for metric in [&names::REPLY_SECONDS, &names::FIRST_TOKEN_SECONDS] {
        // Making the handle is enough: its buckets are shown from now on.
        drop(histogram(metric, &[("persona", persona.as_str())]));
    }
    for (part, bytes) in [("base", voice.model.memory()), ("adapter", voice.model.adapter_memory())] {
        gauge(&names::PERSONA_WEIGHTS, &[("persona", persona.as_str()), ("part", part)]).set(bytes as f64);
    }
}

/// A persona was taken out: from now on nothing is known of it, which no alert takes for trouble.
pub fn dismiss(persona: &PersonaName) {
    let persona = ("persona", persona.as_str());
    for metric in [&names::PERSONA_UP, &names::PERSONA_KV, &names::PERSONA_SPEED] {
        gauge(metric, &[persona]).set(f64::NAN);
    }
    for part in ["base", "adapter"] {
        gauge(&names::PERSONA_WEIGHTS, &[persona, ("part", part)]).set(f64::NAN);
    }
}

/// So many new updates of a persona were stored.
pub fn updates_received(persona: &PersonaName, new: u64) {
    counter(&names::UPDATES_RECEIVED, &[("persona", persona.as_str())]).increment(new);
}

/// These updates of a persona were applied.
pub fn routed(persona: &PersonaName, routed: &[Routed]) {
    for Routed { outcome, effects, .. } in routed {
        counter(&names::UPDATES_ROUTED, &[("persona", persona.as_str()), ("outcome", outcome)]).increment(1);
        for effect in effects {
            if let Effect::Enqueue(job) = effect {
                triggered(persona, job.trigger).increment(1);
            }
        }
    }
}

/// A reply has ended so.
pub fn reply_ended(persona: &PersonaName, outcome: Outcome) {
    ended(persona, outcome).increment(1);
}

/// A reply was sent so long after its message came.
pub fn replied(persona: &PersonaName, after: time::Duration) {
    histogram(&names::REPLY_SECONDS, &[("persona", persona.as_str())]).record(after.as_seconds_f64().max(0.0));
}

/// An attempt to send has ended so.
pub fn sent<T>(persona: &PersonaName, result: &Result<T, TransportError>) {
    let told = match result {
        Ok(_) => "sent",
        Err(TransportError::Flood(_)) => "flood",
        Err(TransportError::Forbidden(_)) => "forbidden",
        Err(TransportError::Migrated(_)) => "migrated",
        Err(TransportError::Rejected(_)) => "rejected",
        Err(TransportError::Unauthorized) => "unauthorized",
        Err(TransportError::Unreachable(_)) => "unreachable",
        Err(TransportError::Unknown(_)) => "unknown",
    };
    sends(persona, told).increment(1);
    if told == "flood" {
        flooded(persona, Call::Send);
    }
}

/// The transport asked to wait.
pub fn flooded(persona: &PersonaName, call: Call) {
    floods(persona, call).increment(1);
}

/// The counter of a persona's generated tokens; made once for each generation.
pub fn generated_tokens(persona: &PersonaName) -> Counter {
    counter(&names::GENERATED_TOKENS, &[("persona", persona.as_str())])
}

/// A generation has ended: how long its prompt was, and how long its first token took.
pub fn generated(persona: &PersonaName, prompt_tokens: usize, first_token: Duration) {
    let labels = [("persona", persona.as_str())];
    counter(&names::PROMPT_TOKENS, &labels).increment(prompt_tokens as u64);
    histogram(&names::FIRST_TOKEN_SECONDS, &labels).record(first_token);
}

/// A call of the database took so long.
pub fn database_called(operation: &'static str, took: Duration, failed: bool) {
    let labels = [("operation", if OPERATIONS.contains(&operation) { operation } else { "other" })];
    histogram(&names::DATABASE_SECONDS, &labels).record(took);
    if failed {
        counter(&names::DATABASE_ERRORS, &labels).increment(1);
    }
}

/// A request of API or console was answered so after so long; nothing where none was yet. The route is a template of ours.
pub fn answered(route: &str, answer: Option<(u16, Duration)>) {
    let route = ("route", route);
    let taken = histogram(&names::HTTP_SECONDS, &[route]);
    let (status, count) = match answer {
        None => (404, 0),
        Some((status, took)) => {
            taken.record(took);
            (status, 1)
        }
    };
    let class = match status {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    };
    counter(&names::HTTP_REQUESTS, &[route, ("status", class)]).increment(count);
}

/// So many more replies are in the making for the API.
pub fn api_replies_begin(replies: u32) {
    gauge(&names::API_REPLIES, &[]).increment(replies);
}

/// So many of them are no more.
pub fn api_replies_end(replies: u32) {
    gauge(&names::API_REPLIES, &[]).decrement(replies);
}

/// A cache was asked.
pub fn cache_asked(cache: Cache, hit: bool) {
    cache_requests(cache, if hit { "hit" } else { "miss" }).increment(1);
}

fn triggered(persona: &PersonaName, trigger: Trigger) -> Counter {
    counter(&names::TRIGGERS, &[("persona", persona.as_str()), ("trigger", trigger.as_str())])
}

fn ended(persona: &PersonaName, outcome: Outcome) -> Counter {
    counter(&names::REPLIES, &[("persona", persona.as_str()), ("outcome", outcome.as_str())])
}

fn sends(persona: &PersonaName, result: &'static str) -> Counter {
    counter(&names::SENDS, &[("persona", persona.as_str()), ("result", result)])
}

fn floods(persona: &PersonaName, call: Call) -> Counter {
    counter(&names::FLOODS, &[("persona", persona.as_str()), ("call", call.as_str())])
}

fn cache_requests(cache: Cache, result: &'static str) -> Counter {
    counter(&names::CACHE_REQUESTS, &[("cache", cache.as_str()), ("result", result)])
}

fn counter(metric: &Metric, with: &[(&'static str, &str)]) -> Counter {
    debug_assert_eq!(metric.kind, Kind::Counter);
    ::metrics::counter!(metric.name, labels(metric, with))
}

fn gauge(metric: &Metric, with: &[(&'static str, &str)]) -> Gauge {
    debug_assert_eq!(metric.kind, Kind::Gauge);
    ::metrics::gauge!(metric.name, labels(metric, with))
}

fn histogram(metric: &Metric, with: &[(&'static str, &str)]) -> Histogram {
    debug_assert!(matches!(metric.kind, Kind::Histogram(_)));
    ::metrics::histogram!(metric.name, labels(metric, with))
}

fn labels(metric: &Metric, with: &[(&'static str, &str)]) -> Vec<Label> {
    debug_assert!(with.iter().map(|(label, _)| label).eq(metric.labels), "{metric:?} has other labels");
    with.iter().map(|(label, value)| Label::new(*label, (*value).to_owned())).collect()
}

#[cfg(test)]
mod tests;
