//! Who waits, for what, and for how long.

use maskarad::chat::{Conversation, TransportKind, UserId};
use maskarad::store::{Claim, Job, NewJob};
use maskarad::trigger::Trigger;

use super::fixtures::*;
use crate::support::database::{TestDatabase, on_both};

on_both!(
    a_job_comes_back_as_it_was_written,
    the_addressed_wait_least,
    replies_under_way_block_and_notices_do_not,
    pending_takes_the_oldest_directed_and_the_newest_others,
    jobs_are_counted,
);

async fn a_job_comes_back_as_it_was_written(database: TestDatabase) {
    let store = database.store();
    let extreme = NewJob { sender: UserId(i64::MIN), seed: i64::MIN, ..job(&topic(-1, 4), 8, Trigger::Reply) };
    enqueue(store, [extreme.clone()]).await;
    let stored = pending_job(store, &topic(-1, 4), 8).await;
    let expected = Job {
        id: stored.id,
        conversation: extreme.conversation,
        chat_kind: extreme.chat_kind,
        message: extreme.message,
        sender: extreme.sender,
        trigger: extreme.trigger,
        seed: extreme.seed,
        reply: None,
        request: Some(extreme.request),
        created_at: extreme.created_at,
    };
    assert_eq!(stored, expected);
}

async fn the_addressed_wait_least(database: TestDatabase) {
    let store = database.store();
    let spread =
        [(10, 1, Trigger::Insanity), (11, 4, Trigger::Chance), (12, 9, Trigger::Name), (13, 7, Trigger::Mention)];
    enqueue(store, spread.map(|(chat, message, trigger)| job(&place(chat), message, trigger))).await;
    enqueue(store, [job(&topic(10, 2), 3, Trigger::Insanity), job(&topic(10, 2), 20, Trigger::Reply)]).await;
    enqueue(store, [job(&place_of("polkson", 10), 2, Trigger::Private)]).await;
    let waiting = store.waiting(&avtobus(), 10).await.unwrap();
    assert_eq!(waiting, [topic(10, 2), place(13), place(12), place(10), place(11)]);
    assert_eq!(store.waiting(&avtobus(), 2).await.unwrap(), [topic(10, 2), place(13)]);
    let both = ["polkson", "avtobus", "nobody"].map(|name| persona(name).at(TransportKind::Telegram));
    assert_eq!(store.waiting(&both, 1).await.unwrap(), [place_of("polkson", 10)]);
    assert_eq!(store.waiting(&[], 10).await.unwrap(), []);
}

async fn replies_under_way_block_and_notices_do_not(database: TestDatabase) {
    let store = database.store();
    enqueue(store, [1, 2].map(|message| job(&place(5), message, Trigger::Private))).await;
    enqueue(store, [notice(&place(5), 3, "готово"), job(&topic(5, 1), 4, Trigger::Name)]).await;
    let waiting = async || store.waiting(&avtobus(), 10).await.unwrap();
    let (here, there): (Conversation, Conversation) = (place(5), topic(5, 1));
    assert_eq!(waiting().await, [here.clone(), there.clone()]);

    let first = pending_job(store, &place(5), 1).await.id;
    assert!(store.claim(&lease(), &lead(first), NOW).await.unwrap());
    assert_eq!(waiting().await, std::slice::from_ref(&there));
    store.ready(&lease(), first, &reply("да"), NOW).await.unwrap();
    assert_eq!(waiting().await, std::slice::from_ref(&there));
    store.finish(&lease(), &ended(first, maskarad::store::Outcome::Answered)).await.unwrap();
    assert_eq!(waiting().await, [here, there]);
}

async fn pending_takes_the_oldest_directed_and_the_newest_others(database: TestDatabase) {
    let store = database.store();
    let triggers = [Trigger::Insanity, Trigger::Name, Trigger::Chance, Trigger::Reply];
    enqueue(store, (1..=12).map(|message| job(&place(5), message, triggers[message as usize % 4]))).await;
    enqueue(store, [job(&place(6), 1, Trigger::Name), job(&topic(5, 1), 99, Trigger::Name)]).await;
    // Directed are 1, 3, 5, 7, 9, 11; the others are even.
    let ids = async |limit| {
        let jobs = store.pending(&place(5), limit).await.unwrap();
        jobs.iter().map(|job| job.message.0).collect::<Vec<_>>()
    };
    assert_eq!(ids(2).await, [1, 3, 10, 12]);
    assert_eq!(ids(4).await, [1, 3, 5, 6, 7, 8, 10, 12]);
    assert_eq!(ids(100).await, Vec::from_iter(1..=12));
}

async fn jobs_are_counted(database: TestDatabase) {
    let store = database.store();
    let bob = UserId(777);
    enqueue(store, (1..=5).map(|message| job(&place(5), message, Trigger::Private))).await;
    enqueue(store, [NewJob { sender: bob, ..job(&topic(5, 1), 6, Trigger::Name) }, job(&place(6), 7, Trigger::Name)])
        .await;
    enqueue(store, [notice(&place(5), 8, "готово"), job(&place_of("polkson", 5), 9, Trigger::Name)]).await;
    store.claim(&lease(), &lead(pending_job(store, &place(5), 1).await.id), NOW).await.unwrap();

    let key = place(5).key();
    assert_eq!(store.jobs_in_chat(&key, NOW).await.unwrap(), 6);
    assert_eq!(store.jobs_in_chat(&key, after(4)).await.unwrap(), 3);
    assert_eq!(store.jobs_in_chat(&key, after(100)).await.unwrap(), 0);
    let avtobus = persona("avtobus");
    assert_eq!(store.jobs_of_user(&avtobus, ANNA, NOW).await.unwrap(), 6);
    assert_eq!(store.jobs_of_user(&avtobus, ANNA, after(5)).await.unwrap(), 2);
    assert_eq!(store.jobs_of_user(&avtobus, bob, NOW).await.unwrap(), 1);

    let coalesced = vec![pending_job(store, &place(6), 7).await.id];
    let lead_id = pending_job(store, &place(5), 2).await.id;
    let claim = Claim { lead: lead_id, shared: Vec::new(), coalesced };
    assert!(store.claim(&lease(), &claim, NOW).await.unwrap());
    assert_eq!(store.jobs_of_user(&avtobus, ANNA, NOW).await.unwrap(), 5, "what was passed over isn't counted");
    assert_eq!(store.jobs_in_chat(&place(6).key(), NOW).await.unwrap(), 0);
}
