//! One daemon serves a persona; what a former one still writes is refused, and what it left is taken up.

use maskarad::chat::TransportKind;
use maskarad::store::{Claim, JobId, Lease, Recovered, Sent, StoreError, Taken};
use maskarad::trigger::Trigger;

use super::fixtures::*;
use crate::support::cluster::Cluster;
use crate::support::database::{TestDatabase, on_both, open};

on_both!(
    one_store_has_the_lease,
    each_persona_has_its_own,
    what_a_former_holder_writes_is_refused,
    what_was_left_is_taken_up,
    a_lease_that_is_given_up_is_worth_nothing,
    takers_and_writers_never_overlap,
);

async fn one_store_has_the_lease(database: TestDatabase) {
    let other = open(database.url()).await;
    let first = take(database.store()).await.expect("nobody has it").lease;
    assert_eq!(first.epoch, 1);
    assert!(take(database.store()).await.is_none() && take(&*other).await.is_none());
    assert!(database.store().keeps(&first).await.unwrap());
    assert!(!other.keeps(&first).await.unwrap(), "a lease is of no use to others");
    // A process that dies closes its connections and files.
    database.store().close().await;
    let second = loop {
        // The server may take a moment to notice.
        if let Some(taken) = take(&*other).await {
            break taken.lease;
        }
    };
    assert_eq!(second.epoch, 2);
    assert!(other.keeps(&second).await.unwrap());
}

async fn each_persona_has_its_own(database: TestDatabase) {
    let other = open(database.url()).await;
    take(database.store()).await.unwrap();
    let polkson = other.take(&persona("polkson"), TransportKind::Telegram, "a test", NOW).await.unwrap();
    assert_eq!(polkson.unwrap().lease.epoch, 1);
}

fn is_fenced<T: std::fmt::Debug>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Fenced { ours: 0, latest: 1 }))
}

async fn what_a_former_holder_writes_is_refused(database: TestDatabase) {
    let store = database.store();
    enqueue(store, (1..=3).map(|message| job(&place(5), message, Trigger::Name))).await;
    let jobs: Vec<JobId> = store.pending(&place(5), 9).await.unwrap().iter().map(|job| job.id).collect();
    for &job in &jobs[..2] {
        store.claim(&lease(), &lead(job), NOW).await.unwrap();
    }
    store.ready(&lease(), jobs[1], &reply("да"), NOW).await.unwrap();
    store.accept(BOT, &[update(1, Some(5))], NOW).await.unwrap();
    let new = take(store).await.unwrap().lease;
    store.claim(&new, &lead(jobs[0]), NOW).await.unwrap();

    let old = lease();
    assert!(is_fenced(store.apply(&old, &[routed(1, vec![])], NOW).await));
    assert!(is_fenced(store.claim(&old, &lead(jobs[2]), NOW).await));
    assert!(is_fenced(store.ready(&old, jobs[0], &reply("поздно"), NOW).await));
    assert!(is_fenced(store.release(&old, jobs[0]).await));
    assert!(is_fenced(store.begin_send(&old, jobs[1], NOW).await));
    assert!(is_fenced(store.put_back(&old, jobs[1], Sent::Refused).await));
    assert!(is_fenced(store.finish(&old, &ended(jobs[0], maskarad::store::Outcome::Answered)).await));
    assert_eq!(fates(&database).await, ["1 running", "2 ready", "3 pending"]);
    assert_eq!(store.unrouted(BOT, &[], 9).await.unwrap().len(), 1);
    assert_eq!(store.apply(&new, &[routed(1, vec![])], NOW).await.unwrap(), 1);
}

/// Claims these jobs under this lease, makes the reply and begins to send it.
async fn send(database: &TestDatabase, lease: &Lease, jobs: &[JobId]) -> Option<u32> {
    let store = database.store();
    let claim = Claim { lead: jobs[0], shared: jobs[1..].to_vec(), coalesced: Vec::new() };
    assert!(store.claim(lease, &claim, NOW).await.unwrap());
    store.ready(lease, jobs[0], &reply("да"), NOW).await.unwrap();
    store.begin_send(lease, jobs[0], NOW).await.unwrap()
}

async fn what_was_left_is_taken_up(database: TestDatabase) {
    let store = database.store();
    enqueue(store, (1..=9).map(|message| job(&place(message / 4), message, Trigger::Name))).await;
    enqueue(store, [job(&place_of("polkson", 5), 10, Trigger::Name)]).await;
    let mut jobs = Vec::new();
    for chat in 0..3 {
        jobs.extend(store.pending(&place(chat), 9).await.unwrap().iter().map(|job| job.id));
    }
    store.claim(&lease(), &Claim { lead: jobs[0], shared: vec![jobs[1]], coalesced: vec![] }, NOW).await.unwrap();
    store.claim(&lease(), &lead(jobs[2]), NOW).await.unwrap();
    store.ready(&lease(), jobs[2], &reply("готово"), NOW).await.unwrap();
    assert_eq!(send(&database, &lease(), &jobs[3..5]).await, Some(1));
    store.claim(&lease(), &lead(pending_job(store, &place_of("polkson", 5), 10).await.id), NOW).await.unwrap();

    let Taken { lease: second, recovered } = take(store).await.unwrap();
    assert_eq!(recovered, Recovered { running: 2, sending: 2, unknown: 0 });
    let expected = ["1 pending", "2 pending", "3 ready", "4 ready", "5 ready", "6 pending", "7 pending"];
    assert_eq!(fates(&database).await[..7], expected);
    assert_eq!(fates(&database).await[9], "10 running", "another persona's");

    assert_eq!(store.begin_send(&second, jobs[3], NOW).await.unwrap(), Some(2));
    store.give_up(&second, NOW).await.unwrap();
    let expected = ["1 pending", "2 pending", "3 ready", "4 done unknown", "5 done unknown"];
    assert_eq!(fates(&database).await[..5], expected, "two sends whose outcome nobody knows are enough");
}

async fn a_lease_that_is_given_up_is_worth_nothing(database: TestDatabase) {
    let store = database.store();
    enqueue(store, [job(&place(5), 1, Trigger::Name)]).await;
    let job = pending_job(store, &place(5), 1).await.id;
    let first = take(store).await.unwrap().lease;
    store.claim(&first, &lead(job), NOW).await.unwrap();
    assert_eq!(store.give_up(&first, NOW).await.unwrap(), Recovered { running: 1, ..Recovered::default() });
    assert!(matches!(
        store.ready(&first, job, &reply("да"), NOW).await,
        Err(StoreError::Fenced { ours: 1, latest: 2 })
    ));
    assert_eq!(store.give_up(&first, NOW).await.unwrap(), Recovered::default());
    assert_eq!(take(store).await.expect("it is free").lease.epoch, 3);
    assert_eq!(fates(&database).await, ["1 pending"]);
}

/// Somebody takes the persona just when a job is claimed: the claim either comes before, and is taken up, or is refused.
async fn takers_and_writers_never_overlap(database: TestDatabase) {
    let store = database.store();
    let mut lease = take(store).await.unwrap().lease;
    store.give_up(&lease, NOW).await.unwrap();
    lease.epoch += 1;
    for message in 1..=40 {
        enqueue_under(&database, &lease, message).await;
        let job = pending_job(store, &place(5), message).await.id;
        let claim = lead(job);
        let (claimed, taken) = tokio::join!(store.claim(&lease, &claim, NOW), take(store));
        let taken = taken.unwrap();
        match claimed {
            Ok(true) => assert_eq!(taken.recovered.running, 1, "round {message}"),
            other => assert!(matches!(other, Err(StoreError::Fenced { .. })), "round {message}: {other:?}"),
        }
        assert_eq!(pending(store, &place(5)).await.len(), 1);
        store.finish(&taken.lease, &ended(job, maskarad::store::Outcome::Answered)).await.unwrap();
        store.give_up(&taken.lease, NOW).await.unwrap();
        lease = Lease { epoch: taken.lease.epoch + 1, ..taken.lease };
    }
}

async fn enqueue_under(database: &TestDatabase, lease: &Lease, message: i64) {
    let store = database.store();
    store.accept(BOT, &[update(message, None)], NOW).await.unwrap();
    let effect = maskarad::store::Effect::Enqueue(job(&place(5), message, Trigger::Name));
    assert_eq!(store.apply(lease, &[routed(message, vec![effect])], NOW).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_lost_with_the_server_is_taken_again_unless_somebody_was_faster() {
    let Some(cluster) = Cluster::start() else { return };
    let (store, other) = (cluster.store().await, open(&cluster.url()).await);
    let lease = take(&*store).await.unwrap().lease;
    cluster.kill();
    assert!(store.keeps(&lease).await.is_err(), "nobody can tell");
    cluster.restart();
    assert!(store.keeps(&lease).await.unwrap(), "nobody else was there");
    assert!(take(&*other).await.is_none());

    cluster.kill();
    assert!(store.keeps(&lease).await.is_err());
    cluster.restart();
    // Its connection is as old as the former server.
    let name = persona("avtobus");
    assert!(other.take(&name, TransportKind::Telegram, "a test", NOW).await.is_err());
    let faster = take(&*other).await.expect("the lock went with the server").lease;
    assert!(!store.keeps(&lease).await.unwrap());
    assert!(other.keeps(&faster).await.unwrap());
}
