//! A job is worked on by one, given back whole, and ends with those that share it.

use maskarad::store::{Claim, Finish, JobId, Outcome, Reply};
use maskarad::trigger::Trigger;

use super::fixtures::*;
use crate::support::database::{TestDatabase, on_both};

on_both!(
    only_one_claims,
    a_claim_takes_the_others_along,
    a_claim_leaves_what_is_not_pending,
    a_released_job_is_as_before,
    the_first_reply_wins,
    what_shares_ends_with_its_lead,
    what_shares_an_undelivered_reply_is_not_answered,
    finishing_twice_is_harmless,
);

/// Jobs of messages 1 to `count` in chat 5.
async fn jobs(database: &TestDatabase, count: i64) -> Vec<JobId> {
    enqueue(database.store(), (1..=count).map(|message| job(&place(5), message, Trigger::Name))).await;
    database.store().pending(&place(5), 100).await.unwrap().iter().map(|job| job.id).collect()
}

fn claim(jobs: &[JobId], shared: std::ops::Range<usize>, coalesced: std::ops::Range<usize>) -> Claim {
    Claim { lead: jobs[0], shared: jobs[shared].to_vec(), coalesced: jobs[coalesced].to_vec() }
}

async fn only_one_claims(database: TestDatabase) {
    for job in jobs(&database, 10).await {
        let rivals = (0..4).map(|_| {
            let store = database.shared();
            tokio::spawn(async move { store.claim(&lease(), &lead(job), NOW).await.unwrap() })
        });
        let wins = futures::future::join_all(rivals).await.into_iter().filter(|won| *won.as_ref().unwrap()).count();
        assert_eq!(wins, 1);
    }
}

async fn a_claim_takes_the_others_along(database: TestDatabase) {
    let jobs = jobs(&database, 5).await;
    assert!(database.store().claim(&lease(), &claim(&jobs, 1..3, 3..4), NOW).await.unwrap());
    assert_eq!(fates(&database).await, ["1 running", "2 running", "3 running", "4 done coalesced", "5 pending"]);
}

async fn a_claim_leaves_what_is_not_pending(database: TestDatabase) {
    let store = database.store();
    let jobs = jobs(&database, 4).await;
    assert!(store.claim(&lease(), &lead(jobs[3]), NOW).await.unwrap());
    let stale = Claim { lead: jobs[3], shared: vec![jobs[0]], coalesced: vec![jobs[1]] };
    assert!(!store.claim(&lease(), &stale, NOW).await.unwrap());
    assert_eq!(fates(&database).await, ["1 pending", "2 pending", "3 pending", "4 running"]);

    store.finish(&lease(), &ended(jobs[1], Outcome::Reset)).await.unwrap();
    let partly = Claim { lead: jobs[0], shared: vec![jobs[1], jobs[3]], coalesced: vec![jobs[2], jobs[3]] };
    assert!(store.claim(&lease(), &partly, NOW).await.unwrap());
    assert_eq!(fates(&database).await, ["1 running", "2 done reset", "3 done coalesced", "4 running"]);
    assert!(!store.claim(&lease(), &lead(JobId(i64::MAX)), NOW).await.unwrap());
}

async fn a_released_job_is_as_before(database: TestDatabase) {
    let store = database.store();
    let jobs = jobs(&database, 4).await;
    store.claim(&lease(), &claim(&jobs, 1..3, 3..4), NOW).await.unwrap();
    store.release(&lease(), jobs[0]).await.unwrap();
    store.release(&lease(), jobs[3]).await.unwrap();
    assert_eq!(fates(&database).await, ["1 pending", "2 pending", "3 pending", "4 done coalesced"]);
    // Nothing ties them together any more.
    store.claim(&lease(), &lead(jobs[0]), NOW).await.unwrap();
    store.finish(&lease(), &ended(jobs[0], Outcome::Discarded)).await.unwrap();
    assert_eq!(pending(store, &place(5)).await, [2, 3]);
    assert_eq!(store.waiting(&avtobus(), 9).await.unwrap(), [place(5)]);
}

async fn the_first_reply_wins(database: TestDatabase) {
    let store = database.store();
    let jobs = jobs(&database, 2).await;
    store.ready(&lease(), jobs[1], &reply("рано"), NOW).await.unwrap();
    store.claim(&lease(), &lead(jobs[0]), NOW).await.unwrap();
    let first = Reply { text: "что?".to_owned(), outcome: Outcome::Fallback, reason: Some("empty".to_owned()) };
    store.ready(&lease(), jobs[0], &first, NOW).await.unwrap();
    store.ready(&lease(), jobs[0], &reply("поздно"), NOW).await.unwrap();
    store.release(&lease(), jobs[0]).await.unwrap();
    let deliverable = store.deliverable(&avtobus(), &[], NOW, 9).await.unwrap();
    assert_eq!(deliverable.iter().map(|job| (job.id, job.reply.clone())).collect::<Vec<_>>(), [(jobs[0], Some(first))]);
    assert_eq!(pending(store, &place(5)).await, [2]);
}

async fn what_shares_ends_with_its_lead(database: TestDatabase) {
    let store = database.store();
    let jobs = jobs(&database, 4).await;
    store.claim(&lease(), &claim(&jobs, 1..3, 0..0), NOW).await.unwrap();
    store
        .ready(
            &lease(),
            jobs[0],
            &Reply { text: "что?".to_owned(), outcome: Outcome::Fallback, reason: Some("empty".to_owned()) },
            NOW,
        )
        .await
        .unwrap();
    let ready: Vec<_> = store.deliverable(&avtobus(), &[], NOW, 9).await.unwrap().iter().map(|job| job.id).collect();
    assert_eq!(ready, [jobs[0]]);
    store.finish(&lease(), &ended(jobs[0], Outcome::Fallback)).await.unwrap();
    assert_eq!(fates(&database).await, ["1 done fallback", "2 done shared", "3 done shared", "4 pending"]);
}

async fn what_shares_an_undelivered_reply_is_not_answered(database: TestDatabase) {
    let store = database.store();
    let jobs = jobs(&database, 2).await;
    store.claim(&lease(), &claim(&jobs, 1..2, 0..0), NOW).await.unwrap();
    store.ready(&lease(), jobs[0], &reply("да"), NOW).await.unwrap();
    store.finish(&lease(), &ended(jobs[0], Outcome::Forbidden)).await.unwrap();
    assert_eq!(fates(&database).await, ["1 done forbidden", "2 done forbidden"]);
}

async fn finishing_twice_is_harmless(database: TestDatabase) {
    let store = database.store();
    let jobs = jobs(&database, 1).await;
    store.claim(&lease(), &lead(jobs[0]), NOW).await.unwrap();
    store.ready(&lease(), jobs[0], &reply("да"), NOW).await.unwrap();
    let delivered =
        |id| Finish { delivered: Some(replied(&place(5), id, "да")), ..ended(jobs[0], Outcome::Answered) };
    store.finish(&lease(), &delivered(70)).await.unwrap();
    store.finish(&lease(), &delivered(70)).await.unwrap();
    store.finish(&lease(), &delivered(71)).await.unwrap();
    store.finish(&lease(), &ended(jobs[0], Outcome::Failed)).await.unwrap();
    store.finish(&lease(), &ended(JobId(i64::MIN), Outcome::Failed)).await.unwrap();
    assert_eq!(fates(&database).await, ["1 done answered"]);
    assert_eq!(texts(store, &place(5)).await, ["да"]);
}
