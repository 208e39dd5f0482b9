//! What is refused, and when a persona has arrived.

use super::*;
use crate::store::{DaemonId, Holding};
use crate::testing::NOW;

fn name(text: &str) -> DaemonName {
    DaemonName::parse(text).unwrap()
}

fn persona_called(text: &str) -> PersonaName {
    PersonaName::parse(text).unwrap()
}

fn noted(text: &str, seats: &str, silent: u64) -> NotedDaemon {
    NotedDaemon {
        id: DaemonId(format!("{text}:1:f")),
        name: name(text),
        seats: seats.split_whitespace().map(|seat| Seat::parse(seat).unwrap()).collect(),
        silent: Duration::from_secs(silent),
    }
}

pub(super) fn holding(seat: &str, daemon: &str) -> Holding {
    Holding { seat: Seat::parse(seat).unwrap(), holder: DaemonId(format!("{daemon}:1:f")), since: NOW }
}

/// Two daemons that serve a persona each, and one that is gone.
pub(super) fn census() -> Census {
    Census {
        daemons: vec![
            noted("bus-1", "avtobus.telegram avtobus.web polkson.telegram romeo.telegram", 1),
            noted("bus-2", "avtobus.telegram avtobus.web polkson.telegram", 0),
            noted("bus-3", "avtobus.telegram", 42),
        ],
        holdings: vec![holding("avtobus.telegram", "bus-1"), holding("polkson.telegram", "bus-2")],
        ..Census::default()
    }
}

fn refused(census: &Census, persona: &str, to: &str) -> String {
    able(census, &persona_called(persona), &name(to)).unwrap_err().to_string()
}

#[test]
fn what_is_refused_is_told_with_what_there_is() {
    let mut known = census();
    assert!(able(&known, &persona_called("avtobus"), &name("bus-2")).is_ok());
    assert!(refused(&known, "mercutio", "bus-2").ends_with("those that can be served: avtobus, polkson, romeo"));
    assert_eq!(
        refused(&known, "avtobus", "bus-4"),
        "no daemon of this database is called bus-4; those that live: bus-1, bus-2"
    );
    assert_eq!(refused(&known, "avtobus", "bus-3"), "bus-3 was last heard of 42 s ago; those that live: bus-1, bus-2");
    assert!(refused(&known, "romeo", "bus-2").starts_with("bus-2 can't serve romeo now"));
    known.daemons[1].seats.remove(&Seat::parse("avtobus.telegram").unwrap());
    assert!(refused(&known, "avtobus", "bus-2").starts_with("bus-2 can't serve avtobus now"), "only in rooms");
    known.daemons.push(NotedDaemon { id: DaemonId("bus-2:2:e".to_owned()), ..noted("bus-2", "", 0) });
    assert!(refused(&known, "avtobus", "bus-2").starts_with("2 daemons are called bus-2"));
    assert!(refused(&Census::default(), "avtobus", "bus-1").starts_with("no daemon of this database lives"));
}

#[test]
fn a_persona_has_arrived_when_it_is_served_wherever_it_can_be() {
    let mut known = census();
    let (avtobus, bus_2) = (persona_called("avtobus"), name("bus-2"));
    assert!(!has_arrived(&known, &avtobus, &bus_2));
    known.holdings[0].holder = DaemonId("bus-2:1:f".to_owned());
    assert!(!has_arrived(&known, &avtobus, &bus_2), "its rooms aren't");
    known.holdings.push(holding("avtobus.web", "bus-2"));
    assert!(has_arrived(&known, &avtobus, &bus_2));
}
