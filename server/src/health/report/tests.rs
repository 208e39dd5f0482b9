//! What counts as able to serve.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Seen, report};
use crate::chat::PersonaName;
use crate::health::watch::Answer;
use crate::standing::{Report, Standing};
use crate::store::{Backlog, Failing, StoreError, Writing};

fn seen(personas: &[(&str, Standing)]) -> Seen {
    let report = |state| Report { state, trouble: None, by: None };
    let personas = personas.iter().map(|(name, state)| (PersonaName::parse(name).unwrap(), report(*state)));
    Seen {
        store: Answer::There(Backlog { unrouted: 1, directed: 2, ambient: 3, ready: 4, ..Backlog::default() }),
        writing: Writing::default(),
        engine_alive: true,
        api_open: false,
        full: false,
        flooded: false,
        personas: personas.collect::<BTreeMap<_, _>>(),
    }
}

/// What is said when all is well.
pub(in crate::health) fn ready(names: &[&str]) -> super::Report {
    report(seen(&names.iter().map(|name| (*name, Standing::Polling)).collect::<Vec<_>>()))
}

fn said(seen: Seen) -> Value {
    serde_json::to_value(report(seen)).unwrap()
}

fn failing(since: u64, last: u64) -> Failing {
    let StoreError::Unavailable(cause) = StoreError::from(sqlx::Error::PoolTimedOut) else { panic!("it may pass") };
    Failing { since: Duration::from_secs(since), last: Duration::from_secs(last), cause }
}

#[test]
fn all_is_said_when_all_is_well() {
    let well = json!({
        "status": "ready", "reasons": [], "store": { "state": "ok" }, "engine": "alive",
        "personas": { "a": { "state": "polling" }, "b": { "state": "webhook" } },
        "backlog": { "unrouted": 1, "directed": 2, "ambient": 3, "ready": 4 },
    });
    assert_eq!(said(seen(&[("a", Standing::Polling), ("b", Standing::Webhook)])), well);
}

#[test]
fn one_persona_of_two_is_still_served() {
    for state in [Standing::Starting, Standing::Standby, Standing::Refused] {
        let said = said(seen(&[("a", Standing::Polling), ("b", state)]));
        assert_eq!(said["status"], "degraded");
        assert_eq!(said["reasons"], json!([format!("b: {}", said["personas"]["b"]["state"].as_str().unwrap())]));
    }
    let mut elsewhere = seen(&[("a", Standing::Polling), ("b", Standing::Standby)]);
    elsewhere.personas.last_entry().unwrap().get_mut().by = Some("bus-2".to_owned());
    assert_eq!(said(elsewhere)["status"], "ready", "somebody else serves it");
    let mut troubled = seen(&[("a", Standing::Polling)]);
    troubled.personas.first_entry().unwrap().get_mut().trouble = Some("Telegram is silent".to_owned());
    assert_eq!(said(troubled)["reasons"], json!(["a: Telegram is silent"]));
}

#[test]
fn without_a_persona_an_engine_or_a_database_nobody_is_served() {
    for personas in [&[][..], &[("a", Standing::Standby)], &[("a", Standing::Starting), ("b", Standing::Refused)]] {
        assert_eq!(said(seen(personas))["status"], "unavailable");
    }
    let alone = Seen { api_open: true, ..seen(&[]) };
    assert_eq!(said(alone)["status"], "ready", "the API serves personas that have no bot");
    let dead = Seen { engine_alive: false, ..seen(&[("a", Standing::Polling)]) };
    let dead = said(dead);
    assert_eq!((&dead["status"], &dead["engine"]), (&json!("unavailable"), &json!("dead")));
    let away = Answer::Away(Duration::from_secs(7), "no route".to_owned());
    let away = said(Seen { store: away, ..seen(&[("a", Standing::Polling)]) });
    assert_eq!(away["status"], "unavailable");
    assert_eq!(away["reasons"], json!(["the database is away for 7 s: no route"]));
    assert_eq!(away["store"]["state"], "away");
    assert_eq!(away.get("backlog"), None, "nobody could say");
}

#[test]
fn more_than_may_wait_is_told() {
    let serving = [("a", Standing::Polling)];
    let full = said(Seen { full: true, ..seen(&serving) });
    assert_eq!((&full["status"], full["reasons"].as_array().unwrap().len()), (&json!("degraded"), 1), "{full}");
    let both = said(Seen { full: true, flooded: true, ..seen(&serving) });
    assert_eq!(both["reasons"].as_array().unwrap().len(), 2, "{both}");
}

#[test]
fn writes_that_fail_or_hang_are_told_though_the_database_answers() {
    let writing = |writing| Seen { writing, ..seen(&[("a", Standing::Polling)]) };
    let fails = said(writing(Writing { failing: Some(failing(90, 3)), waiting: None }));
    assert_eq!((&fails["status"], &fails["store"]["state"]), (&json!("unavailable"), &json!("unwritable")));
    assert_eq!(fails["store"]["seconds"], 90);
    let long_ago = said(writing(Writing { failing: Some(failing(300, 120)), waiting: None }));
    assert_eq!(long_ago["status"], "ready", "nobody has had to write since");
    let hangs = said(writing(Writing { failing: None, waiting: Some(Duration::from_secs(6)) }));
    assert_eq!((&hangs["status"], &hangs["store"]["state"]), (&json!("unavailable"), &json!("slow")));
    let busy = said(writing(Writing { failing: None, waiting: Some(Duration::from_millis(900)) }));
    assert_eq!(busy["status"], "ready");
}
