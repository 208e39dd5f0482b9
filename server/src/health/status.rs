//! What `/status` says beyond `/readyz`, for `maskarad status`. Pure: whoever asks has looked already.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::report::Report;
use crate::chat::PersonaName;
use crate::remote::Elsewhere;
use crate::store::{Failure, Tally};

/// What was seen besides what the report is made from.
pub(super) struct SeenBesides {
    /// How long the daemon has been up.
    pub(super) up: Duration,
    /// What the process takes of memory, where the system tells.
    pub(super) resident: Option<u64>,
    /// What the weights of each persona that is up take, by what they are shared under.
    pub(super) weights: BTreeMap<PersonaName, Weights>,
    /// What each persona takes of the engine, up or not.
    pub(super) usages: BTreeMap<PersonaName, Usage>,
    /// What each has done; nothing is known while the store is away.
    pub(super) tallies: Option<Vec<Tally>>,
    /// How generation elsewhere stands, where a broker is set.
    pub(super) elsewhere: Option<Elsewhere>,
}

/// What a persona's weights take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Weights {
    /// Whose base it is: personas with the same share one copy.
    pub(super) base: String,
    /// Bytes of the base.
    pub(super) base_bytes: usize,
    /// Bytes of the adapter that it alone wears.
    pub(super) adapter_bytes: usize,
}

/// What a persona takes of the engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Usage {
    /// Keys and values of the replies under way.
    pub(super) kv_bytes: usize,
    /// How fast each of its latest replies came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tokens_per_second: Option<f64>,
}

/// What is said. Holds no token and no text of a chat, because nothing that goes into it does.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Status {
    version: &'static str,
    up_seconds: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    resident_bytes: Option<u64>,
    #[serde(flatten)]
    report: Report,
    /// What each persona has done, and what it takes.
    work: BTreeMap<PersonaName, Work>,
    /// The broker and the workers, where a broker is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    elsewhere: Option<Elsewhere>,
}

/// What a persona has done, and what it takes.
#[derive(Debug, Default, PartialEq, Serialize)]
struct Work {
    #[serde(skip_serializing_if = "Option::is_none")]
    chats: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replies_day: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replies_hour: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_failure: Option<Failure>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weights: Option<Weights>,
    #[serde(flatten)]
    usage: Option<Usage>,
}

/// Puts together what is said of the personas of this daemon; what the store knows of others is left out.
pub(super) fn status(report: Report, seen: SeenBesides) -> Status {
    let SeenBesides { up, resident, mut weights, usages, tallies, elsewhere } = seen;
    let known = tallies.is_some();
    let mut tallies: BTreeMap<PersonaName, Tally> =
        tallies.into_iter().flatten().map(|tally| (tally.persona.clone(), tally)).collect();
    let work = report.personas.keys().map(|name| {
        let (weights, usage) = (weights.remove(name), usages.get(name).copied());
        let work = match tallies.remove(name) {
            Some(tally) => Work {
                chats: Some(tally.chats),
                replies_day: Some(tally.replies_day),
                replies_hour: Some(tally.replies_hour),
                last_failure: tally.last_failure,
                weights,
                usage,
            },
            None => {
                let none = known.then_some(0);
                Work { chats: none, replies_day: none, replies_hour: none, last_failure: None, weights, usage }
            }
        };
        (name.clone(), work)
    });
    let work = work.collect();
    Status {
        version: env!("CARGO_PKG_VERSION"),
        up_seconds: up.as_secs(),
        resident_bytes: resident,
        report,
        work,
        elsewhere,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::health::report::tests::ready;
    use crate::store::Outcome;

    fn name(text: &str) -> PersonaName {
        PersonaName::parse(text).unwrap()
    }

    #[test]
    fn each_persona_of_this_daemon_has_its_work() {
        let failure = Failure {
            at: time::macros::datetime!(2026-09-01 12:00 UTC),
            outcome: Outcome::Rejected,
            reason: Some("Bad Request: chat not found".to_owned()),
        };
        let tally = |persona| Tally {
            persona: name(persona),
            chats: 3,
            replies_day: 20,
            replies_hour: 2,
            last_failure: Some(failure.clone()),
        };
        let weights = Weights { base: "abc".to_owned(), base_bytes: 7, adapter_bytes: 1 };
        let seen = SeenBesides {
            up: Duration::from_secs(90),
            resident: Some(1 << 20),
            weights: [(name("a"), weights)].into(),
            usages: [(name("a"), Usage { kv_bytes: 5, tokens_per_second: Some(80.5) })].into(),
            tallies: Some(vec![tally("a"), tally("elsewhere")]),
            elsewhere: None,
        };
        let mut said = serde_json::to_value(status(ready(&["a", "b"]), seen)).unwrap();
        assert_eq!((&said["status"], &said["up_seconds"]), (&json!("ready"), &json!(90)));
        assert_eq!(said.get("elsewhere"), None, "without a broker there is nothing to tell of");
        insta::assert_json_snapshot!(said["work"].take(), @r#"
        {
          "a": {
            "chats": 3,
            "kv_bytes": 5,
            "last_failure": {
              "at": "2026-09-01T12:00:00Z",
              "outcome": "rejected",
              "reason": "Bad Request: chat not found"
            },
            "replies_day": 20,
            "replies_hour": 2,
            "tokens_per_second": 80.5,
            "weights": {
              "adapter_bytes": 1,
              "base": "abc",
              "base_bytes": 7
            }
          },
          "b": {
            "chats": 0,
            "replies_day": 0,
            "replies_hour": 0
          }
        }
        "#);
    }

    #[test]
    fn nothing_is_made_up_while_the_store_is_away() {
        let seen = SeenBesides {
            up: Duration::ZERO,
            resident: None,
            weights: BTreeMap::new(),
            usages: BTreeMap::new(),
            tallies: None,
            elsewhere: Some(Elsewhere {
                broker_trouble: Some("the connection has ended".to_owned()),
                workers: Vec::new(),
                under_way: 1,
                fell_back: 2,
                last_trouble: None,
            }),
        };
        let said = serde_json::to_value(status(ready(&["a"]), seen)).unwrap();
        assert_eq!(said["work"], json!({ "a": {} }));
        assert_eq!(said["elsewhere"]["broker_trouble"], "the connection has ended");
    }
}
