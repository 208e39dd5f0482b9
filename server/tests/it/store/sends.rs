//! A send is noted before it goes out; what is not known to have been refused counts.

use maskarad::store::{Claim, Outcome, Sent};
use maskarad::trigger::Trigger;

use super::fixtures::*;
use crate::support::database::{TestDatabase, on_both};

on_both!(
    only_a_ready_job_is_sent,
    a_refused_send_does_not_count,
    who_shares_goes_along,
    a_reply_on_its_way_holds_up_its_conversation,
    a_paused_chat_gets_nothing,
);

async fn ready_job(database: &TestDatabase, message: i64) -> maskarad::store::JobId {
    let store = database.store();
    enqueue(store, [job(&place(5), message, Trigger::Name)]).await;
    let id = pending_job(store, &place(5), message).await.id;
    store.claim(&lease(), &lead(id), NOW).await.unwrap();
    store.ready(&lease(), id, &reply("да"), NOW).await.unwrap();
    id
}

async fn only_a_ready_job_is_sent(database: TestDatabase) {
    let store = database.store();
    let job = ready_job(&database, 1).await;
    assert_eq!(store.begin_send(&lease(), job, NOW).await.unwrap(), Some(1));
    assert_eq!(store.begin_send(&lease(), job, NOW).await.unwrap(), None, "it is under way");
    assert_eq!(store.deliverable(&avtobus(), &[], NOW, 9).await.unwrap(), []);
    store.finish(&lease(), &ended(job, Outcome::Answered)).await.unwrap();
    assert_eq!(store.begin_send(&lease(), job, NOW).await.unwrap(), None, "it is over");
    store.put_back(&lease(), job, Sent::Unknown).await.unwrap();
    assert_eq!(fates(&database).await, ["1 done answered"]);
}

async fn a_refused_send_does_not_count(database: TestDatabase) {
    let store = database.store();
    let job = ready_job(&database, 1).await;
    for _ in 0..5 {
        assert_eq!(store.begin_send(&lease(), job, NOW).await.unwrap(), Some(1));
        store.put_back(&lease(), job, Sent::Refused).await.unwrap();
        store.put_back(&lease(), job, Sent::Refused).await.unwrap();
    }
    store.begin_send(&lease(), job, NOW).await.unwrap();
    store.put_back(&lease(), job, Sent::Unknown).await.unwrap();
    assert_eq!(store.begin_send(&lease(), job, NOW).await.unwrap(), Some(2));
}

async fn who_shares_goes_along(database: TestDatabase) {
    let store = database.store();
    enqueue(store, [1, 2].map(|message| job(&place(5), message, Trigger::Private))).await;
    let (first, second) = (pending_job(store, &place(5), 1).await.id, pending_job(store, &place(5), 2).await.id);
    let claim = Claim { lead: second, shared: vec![first], coalesced: vec![] };
    store.claim(&lease(), &claim, NOW).await.unwrap();
    store.ready(&lease(), second, &reply("да"), NOW).await.unwrap();
    store.begin_send(&lease(), second, NOW).await.unwrap();
    assert_eq!(fates(&database).await, ["1 sending", "2 sending"]);
    store.put_back(&lease(), second, Sent::Unknown).await.unwrap();
    assert_eq!(fates(&database).await, ["1 ready", "2 ready"]);
    store.begin_send(&lease(), second, NOW).await.unwrap();
    store.finish(&lease(), &ended(second, Outcome::Unknown)).await.unwrap();
    assert_eq!(
        fates(&database).await,
        ["1 done unknown", "2 done unknown"],
        "what shares it didn't surely arrive either"
    );
}

async fn a_reply_on_its_way_holds_up_its_conversation(database: TestDatabase) {
    let store = database.store();
    let first = ready_job(&database, 1).await;
    store.begin_send(&lease(), first, NOW).await.unwrap();
    enqueue(store, [job(&place(5), 2, Trigger::Name)]).await;
    assert_eq!(store.waiting(&avtobus(), 9).await.unwrap(), []);
    store.finish(&lease(), &ended(first, Outcome::Answered)).await.unwrap();
    assert_eq!(store.waiting(&avtobus(), 9).await.unwrap(), [place(5)]);
}

async fn a_paused_chat_gets_nothing(database: TestDatabase) {
    let store = database.store();
    ready_job(&database, 1).await;
    store.pause(&place(5).key(), NOW, after(60)).await.unwrap();
    store.pause(&place(6).key(), NOW, after(3600)).await.unwrap();
    let deliverable = async |at| store.deliverable(&avtobus(), &[], at, 9).await.unwrap().len();
    assert_eq!((deliverable(NOW).await, deliverable(after(59)).await, deliverable(after(60)).await), (0, 0, 1));
    assert_eq!(deliverable(after(-3600)).await, 1, "a clock that was put back doesn't make it longer");
    store.pause(&place(5).key(), after(61), after(62)).await.unwrap();
    assert_eq!((deliverable(after(61)).await, deliverable(after(62)).await), (0, 1));
}
