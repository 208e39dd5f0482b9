//! The long campaigns of `make faults` and `make worker-faults`, told by the environment how long and on what. They take the
//! better part of an hour, so they run only when they are asked for.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use crate::act::{errors, kills, standby, workers};
use crate::ground::{Ground, Kind};
use crate::network::Network;
use crate::report::Report;
use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes the better part of an hour; make faults runs it"]
async fn campaign() {
    let seed = setting("FAULTS_SEED", rand::random::<u32>().into());
    println!("seed {seed}");
    let store = setting("FAULTS_STORE", "both".to_owned());
    let acts = setting("FAULTS_ACTS", "kills,errors,standby".to_owned());
    let mut failures = Vec::new();
    for kind in [Kind::Sqlite, Kind::Postgres].into_iter().filter(|kind| store == "both" || store == kind.name()) {
        let mut text = String::new();
        for act in acts.split(',') {
            let Some(report) = play(act, kind, seed).await else { panic!("{} is not to be had", kind.name()) };
            println!("{}", report.text);
            text += &report.text;
            failures.extend(report.failures);
        }
        let file = Stage::reports().join(format!("{}-{seed}.txt", kind.name()));
        std::fs::write(&file, text).unwrap();
        println!("kept in {}", file.display());
    }
    assert!(failures.is_empty(), "seed {seed}: {} failures, the first: {}", failures.len(), failures[0]);
}

async fn play(act: &str, kind: Kind, seed: u64) -> Option<Report> {
    let ground = Ground::new(kind).await?;
    let messages = setting("FAULTS_MESSAGES", 10_000);
    Some(match act {
        "kills" => kills::play(ground, seed, kills::Extent { kills: setting("FAULTS_KILLS", 1000), messages }).await,
        "errors" => {
            let (outages, kills) = (setting("FAULTS_OUTAGES", 50), setting("FAULTS_ERROR_KILLS", 50));
            let reloads = setting("FAULTS_RELOADS", 50);
            errors::play(ground, seed, errors::Extent { messages: messages / 4, outages, kills, reloads }).await
        }
        "standby" => standby::play(ground, seed, setting("FAULTS_TAKE_OVERS", 20)).await,
        "workers" => {
            let network = Network::new().expect("to cut off a worker takes root, and iproute2");
            let (kills, outages) = (setting("FAULTS_WORKER_KILLS", 50), setting("FAULTS_BROKER_KILLS", 10));
            let cut = Duration::from_secs(setting("FAULTS_CUT_SECONDS", 60));
            let extent = workers::Extent { kills, outages, cut, lull: Duration::from_secs(10), least: 0.4 };
            workers::play(ground, Some(network), seed, extent).await?
        }
        other => panic!("FAULTS_ACTS: {other:?} is none of kills, errors, standby and workers"),
    })
}

/// A setting of the environment.
#[expect(clippy::disallowed_methods, reason = "the long campaign is told its extent by the environment")]
fn setting<T: FromStr<Err: Display>>(name: &str, default: T) -> T {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|error| panic!("{name}: {error}")),
        Err(_) => default,
    }
}
