//! What the daemon says of itself, as far as the table shows it; see `health/status.rs`. An answer may lack anything.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::store::Tally;

/// What a daemon said, or what the store knows.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Told {
    /// `ready`, `degraded`, `unavailable`; `unknown` where nobody was asked.
    pub(super) status: String,
    /// Why it isn't ready.
    pub(super) reasons: Vec<String>,
    pub(super) version: String,
    pub(super) up_seconds: u64,
    pub(super) resident_bytes: Option<u64>,
    pub(super) personas: BTreeMap<String, Standing>,
    pub(super) work: BTreeMap<String, Work>,
    pub(super) backlog: Option<Backlog>,
    pub(super) elsewhere: Option<Elsewhere>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Standing {
    pub(super) state: String,
    pub(super) trouble: Option<String>,
    /// The other daemon that serves it.
    pub(super) by: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Work {
    pub(super) chats: Option<u64>,
    pub(super) replies_day: Option<u64>,
    pub(super) replies_hour: Option<u64>,
    pub(super) last_failure: Option<Failure>,
    pub(super) weights: Option<Weights>,
    pub(super) kv_bytes: Option<u64>,
    pub(super) tokens_per_second: Option<f64>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Failure {
    #[serde(with = "time::serde::rfc3339")]
    pub(super) at: OffsetDateTime,
    pub(super) outcome: String,
    pub(super) reason: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Weights {
    pub(super) base: String,
    pub(super) base_bytes: u64,
    pub(super) adapter_bytes: u64,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Backlog {
    pub(super) unrouted: u64,
    pub(super) directed: u64,
    pub(super) ambient: u64,
    pub(super) ready: u64,
}

/// Generation on other machines; only where a broker is set.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Elsewhere {
    pub(super) broker_trouble: Option<String>,
    pub(super) workers: Vec<Worker>,
    pub(super) under_way: u64,
    pub(super) fell_back: u64,
    pub(super) last_trouble: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Worker {
    pub(super) name: String,
    pub(super) program: String,
    pub(super) instruction_set: String,
    pub(super) unusable: Option<String>,
    pub(super) bases: u64,
    pub(super) slots: u64,
    pub(super) busy: u64,
    pub(super) tokens_per_second: f64,
    pub(super) heard_seconds_ago: u64,
    pub(super) trouble: Option<String>,
}

impl Told {
    /// What the store knows while no daemon can be asked.
    pub(super) fn of_store(tallies: Vec<Tally>) -> Self {
        let mut told = Self { status: "unknown".to_owned(), ..Self::default() };
        for tally in tallies {
            let name = tally.persona.to_string();
            let last_failure = tally.last_failure.map(|failure| Failure {
                at: failure.at,
                outcome: failure.outcome.as_str().to_owned(),
                reason: failure.reason,
            });
            let work = Work {
                chats: Some(tally.chats),
                replies_day: Some(tally.replies_day),
                replies_hour: Some(tally.replies_hour),
                last_failure,
                ..Work::default()
            };
            told.work.insert(name.clone(), work);
            told.personas.insert(name, Standing { state: "unknown".to_owned(), ..Standing::default() });
        }
        told
    }
}
