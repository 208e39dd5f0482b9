//! Daemons note themselves, and personas are placed at them.

use std::time::Duration;

use maskarad::chat::{Seat, TransportKind};
use maskarad::store::{Census, DaemonId, DaemonName, Heartbeat, Holding};

use super::fixtures::*;
use crate::support::database::{Backend, TestDatabase, on_both, open};

on_both!(
    daemons_know_of_each_other_until_they_leave,
    silence_is_measured_by_the_database,
    a_former_life_is_forgotten,
    a_lease_says_who_has_it,
    a_persona_is_placed_until_somebody_says_otherwise,
);

fn heartbeat(id: &str, name: &str, seats: &[&str]) -> Heartbeat {
    Heartbeat {
        id: DaemonId(id.to_owned()),
        name: DaemonName::parse(name).unwrap(),
        seats: seats.iter().map(|seat| Seat::parse(seat).unwrap()).collect(),
        first: false,
    }
}

fn ids(census: &Census) -> Vec<&str> {
    census.daemons.iter().map(|daemon| daemon.id.0.as_str()).collect()
}

async fn daemons_know_of_each_other_until_they_leave(database: TestDatabase) {
    let other = open(database.url()).await;
    let (one, two) = (heartbeat("b:1", "b", &["avtobus.web", "avtobus.telegram"]), heartbeat("a:2", "a", &[]));
    assert_eq!(ids(&database.store().beat(&one).await.unwrap()), ["b:1"]);
    let known = other.beat(&two).await.unwrap();
    assert_eq!(ids(&known), ["a:2", "b:1"]);
    let noted = &known.daemons[1];
    assert_eq!((noted.name.as_str(), &noted.seats), ("b", &one.seats));
    assert!(noted.is_alive() && noted.serves(&persona("avtobus")) && !known.daemons[0].serves(&persona("avtobus")));
    database.store().beat(&heartbeat("b:1", "b", &["avtobus.web"])).await.unwrap();
    assert_eq!(other.census().await.unwrap().daemons[1].seats.len(), 1, "its last word counts");
    database.store().leave(&DaemonId("b:1".to_owned())).await.unwrap();
    assert_eq!(ids(&other.census().await.unwrap()), ["a:2"]);
}

async fn silence_is_measured_by_the_database(database: TestDatabase) {
    let store = database.store();
    store.beat(&heartbeat("a:1", "a", &[])).await.unwrap();
    store.beat(&heartbeat("b:2", "b", &[])).await.unwrap();
    let set_back = |seconds: u64| match database.backend() {
        Backend::Postgres => format!("update daemons set seen_at = seen_at - interval '{seconds} s' where id = 'a:1'"),
        Backend::Sqlite => format!("update daemons set seen_at = seen_at - {seconds}000 where id = 'a:1'"),
    };
    database.sql(&set_back(11)).await;
    let known = store.census().await.unwrap();
    assert!(!known.daemons[0].is_alive() && known.daemons[1].is_alive());
    let silent = known.daemons[0].silent;
    assert!((Duration::from_secs(11)..Duration::from_secs(60)).contains(&silent), "{silent:?}");
    database.sql(&set_back(90_000)).await;
    let known = store.beat(&heartbeat("b:2", "b", &[])).await.unwrap();
    assert_eq!(ids(&known), ["b:2"], "after a day nobody wants to know");
}

async fn a_former_life_is_forgotten(database: TestDatabase) {
    let store = database.store();
    store.beat(&heartbeat("a:1", "a", &[])).await.unwrap();
    store.beat(&heartbeat("b:2", "b", &[])).await.unwrap();
    let again = Heartbeat { first: true, ..heartbeat("a:3", "a", &[]) };
    assert_eq!(ids(&store.beat(&again).await.unwrap()), ["a:3", "b:2"]);
    store.beat(&heartbeat("a:1", "a", &[])).await.unwrap();
    assert_eq!(ids(&store.beat(&heartbeat("a:3", "a", &[])).await.unwrap()), ["a:1", "a:3", "b:2"], "it lived");
}

async fn a_lease_says_who_has_it(database: TestDatabase) {
    let (store, avtobus) = (database.store(), persona("avtobus"));
    let lease = store.take(&avtobus, TransportKind::Telegram, "a:1", NOW).await.unwrap().unwrap().lease;
    let holding = Holding { seat: avtobus.at(TransportKind::Telegram), holder: DaemonId("a:1".to_owned()), since: NOW };
    assert_eq!(store.census().await.unwrap().holdings, [holding]);
    store.give_up(&lease, NOW).await.unwrap();
    assert_eq!(store.census().await.unwrap().holdings, []);
}

async fn a_persona_is_placed_until_somebody_says_otherwise(database: TestDatabase) {
    let (store, avtobus) = (database.store(), persona("avtobus"));
    for name in ["a", "b"] {
        let name = DaemonName::parse(name).unwrap();
        store.place(&avtobus, Some(&name)).await.unwrap();
        assert_eq!(store.census().await.unwrap().placements, [(avtobus.clone(), name)].into());
    }
    store.place(&avtobus, None).await.unwrap();
    store.place(&avtobus, None).await.unwrap();
    assert!(store.census().await.unwrap().placements.is_empty());
}
