//! The campaign in short, in `make test`: every kind of fault, from a fixed seed.

use std::time::Duration;

use crate::act::kills::Extent;
use crate::act::{errors, kills, standby, workers};
use crate::ground::{Ground, Kind};
use crate::network::Network;
use crate::report::Report;

const SEED: u64 = 3;

async fn short(kind: Kind) {
    let Some(ground) = Ground::new(kind).await else { return };
    let report = kills::play(ground, SEED, Extent { kills: 15, messages: 150 }).await;
    check(report);
    let Some(ground) = Ground::new(kind).await else { return };
    let report = errors::play(ground, SEED, errors::Extent { messages: 150, outages: 2, kills: 3, reloads: 4 }).await;
    check(report);
    let Some(ground) = Ground::new(kind).await else { return };
    check(standby::play(ground, SEED, 2).await);
}

fn check(report: Report) {
    println!("{}", report.text);
    assert!(report.failures.is_empty(), "{} failures, the first: {}", report.failures.len(), report.failures[0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    short(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    short(Kind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn elsewhere() {
    let Some(ground) = Ground::new(Kind::Postgres).await else { return };
    let (cut, lull) = (Duration::from_secs(12), Duration::from_secs(1));
    let extent = workers::Extent { kills: 4, outages: 2, cut, lull, least: 0.1 };
    let Some(report) = workers::play(ground, Network::new(), SEED, extent).await else { return };
    check(report);
}
