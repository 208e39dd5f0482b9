//! What is too old or too much goes; what is unfinished stays.

use maskarad::store::{Outcome, Pruned, Retention};
use maskarad::trigger::Trigger;
use time::Duration;

use super::fixtures::*;
use crate::support::database::{TestDatabase, on_both};

on_both!(
    old_messages_go,
    a_chat_keeps_its_newest,
    routed_updates_go_and_unrouted_stay,
    finished_jobs_go_and_unfinished_stay,
    a_chat_keeps_its_newest_jobs,
    what_is_still_to_be_answered_stays,
    a_fresh_database_has_nothing_to_prune,
);

const DAY: i64 = 86_400;

async fn old_messages_go(database: TestDatabase) {
    let store = database.store();
    remember(store, [said(&place(5), 1, "старое"), said(&place(6), 1, "старое")]).await;
    let later = after(29 * DAY);
    store.accept(BOT, &[update(1, None)], later).await.unwrap();
    let fresh = maskarad::store::Effect::Remember(said(&place(5), 2, "свежее"));
    store.apply(&lease(), &[routed(1, vec![fresh])], later).await.unwrap();

    let keep = Retention { inbox_hours: 10_000, ..Retention::default() };
    assert_eq!(store.prune(&keep, after(30 * DAY)).await.unwrap(), Pruned::default());
    let pruned = store.prune(&keep, after(30 * DAY) + Duration::seconds(1)).await.unwrap();
    assert_eq!(pruned, Pruned { messages: 2, ..Pruned::default() });
    assert_eq!(texts(store, &place(5)).await, ["свежее"]);
}

async fn a_chat_keeps_its_newest(database: TestDatabase) {
    let store = database.store();
    remember(store, (1..=1204).map(|id| said(&topic(5, 1 + id % 2), id, &id.to_string()))).await;
    remember(store, (1..=4).map(|id| said(&place(6), id, &id.to_string()))).await;
    remember(store, (1..=5).map(|id| said(&place_of("polkson", 5), id, &id.to_string()))).await;
    let retention = Retention { messages_per_chat: 4, ..Retention::default() };
    assert_eq!(store.prune(&retention, NOW).await.unwrap(), Pruned { messages: 1201, ..Pruned::default() });
    assert_eq!(texts(store, &topic(5, 1)).await, ["1202", "1204"]);
    assert_eq!(texts(store, &topic(5, 2)).await, ["1201", "1203"]);
    assert_eq!(texts(store, &place(6)).await, ["1", "2", "3", "4"]);
    assert_eq!(texts(store, &place_of("polkson", 5)).await, ["2", "3", "4", "5"]);
    let nothing = Retention { messages_per_chat: 0, ..Retention::default() };
    assert_eq!(store.prune(&nothing, NOW).await.unwrap().messages, 12);
}

async fn routed_updates_go_and_unrouted_stay(database: TestDatabase) {
    let store = database.store();
    let updates: Vec<_> = (1..=1203).map(|id| update(id, Some(id))).collect();
    store.accept(BOT, &updates, NOW).await.unwrap();
    for id in 1..=3 {
        store.apply(&lease(), &[routed(id, vec![])], NOW).await.unwrap();
    }
    database.sql("update inbox set routed_at = received_at where update_id <= 1200").await;
    let retention = Retention::default();
    assert_eq!(store.prune(&retention, after(2 * DAY)).await.unwrap(), Pruned::default());
    let pruned = store.prune(&retention, after(2 * DAY + 1)).await.unwrap();
    assert_eq!(pruned, Pruned { updates: 1200, ..Pruned::default() });
    store.prune(&Retention { inbox_hours: 0, ..retention }, after(9000 * DAY)).await.unwrap();
    assert_eq!(store.unrouted(BOT, &[], 10).await.unwrap().len(), 3);
}

async fn finished_jobs_go_and_unfinished_stay(database: TestDatabase) {
    let store = database.store();
    enqueue(store, (1..=5).map(|message| job(&place(5), message, Trigger::Name))).await;
    let jobs: Vec<_> = store.pending(&place(5), 9).await.unwrap().iter().map(|job| job.id).collect();
    store.claim(&lease(), &lead(jobs[1]), NOW).await.unwrap();
    store.claim(&lease(), &lead(jobs[2]), NOW).await.unwrap();
    store.ready(&lease(), jobs[2], &reply("да"), NOW).await.unwrap();
    store.finish(&lease(), &ended(jobs[3], Outcome::Failed)).await.unwrap();
    let late = maskarad::store::Finish { at: after(DAY), ..ended(jobs[4], Outcome::Failed) };
    store.finish(&lease(), &late).await.unwrap();

    let keep = Retention { inbox_hours: 10_000, ..Retention::default() };
    let pruned = store.prune(&keep, after(30 * DAY + 1)).await.unwrap();
    assert_eq!(pruned, Pruned { jobs: 1, ..Pruned::default() });
    assert_eq!(store.prune(&keep, after(9000 * DAY)).await.unwrap().jobs, 1);
    assert_eq!(fates(&database).await, ["1 pending", "2 running", "3 ready"]);
}

async fn a_chat_keeps_its_newest_jobs(database: TestDatabase) {
    let store = database.store();
    for place in [place(5), topic(5, 7), place(6), place_of("polkson", 5)] {
        let first = place.chat.thread.map_or(0, |thread| thread.0 * 10_000);
        enqueue(store, (first + 1..=first + 8).map(|message| job(&place, message, Trigger::Name))).await;
    }
    // Of each conversation two are unfinished; one of chat 6 is young.
    database.sql("update jobs set state = 'done' where message_id % 10 between 1 and 6").await;
    let young = "update jobs set created_at = (select max(created_at) from jobs) where chat_id = 6 and message_id = 1";
    database.sql(young).await;
    let retention = Retention { jobs_per_chat: 2, inbox_hours: 10_000, ..Retention::default() };
    let an_hour_later = after(3600 + 70_008);
    assert_eq!(store.prune(&retention, an_hour_later).await.unwrap(), Pruned { jobs: 10 + 3 + 4, ..Pruned::default() });
    let left = "select persona || ' ' || cast(chat_id as text) || ' ' || cast(message_id as text) from jobs
                where state = 'done' order by persona, chat_id, message_id";
    let left: Vec<String> = database.sql(left).await.into_iter().flatten().collect();
    assert_eq!(
        left,
        [
            "avtobus 5 70005",
            "avtobus 5 70006",
            "avtobus 6 1",
            "avtobus 6 5",
            "avtobus 6 6",
            "polkson 5 5",
            "polkson 5 6"
        ]
    );
    assert_eq!(database.sql("select state from jobs where state <> 'done'").await.len(), 8);
    assert_eq!(store.prune(&retention, an_hour_later).await.unwrap(), Pruned::default());
}

async fn what_is_still_to_be_answered_stays(database: TestDatabase) {
    let store = database.store();
    remember(store, (1..=6).map(|id| said(&place(5), id, &id.to_string()))).await;
    remember(store, [said(&place(6), 1, "в другом чате")]).await;
    enqueue(store, [1, 2].map(|message| job(&place(5), message, Trigger::Name))).await;
    let answered = pending_job(store, &place(5), 2).await.id;
    store.claim(&lease(), &lead(answered), NOW).await.unwrap();
    store.finish(&lease(), &ended(answered, Outcome::Answered)).await.unwrap();
    let crowded = Retention { messages_per_chat: 2, ..Retention::default() };
    assert_eq!(store.prune(&crowded, NOW).await.unwrap().messages, 3);
    assert_eq!(texts(store, &place(5)).await, ["1", "5", "6"]);
    let old = Retention { inbox_hours: 10_000, ..Retention::default() };
    assert_eq!(store.prune(&old, after(40 * DAY)).await.unwrap().messages, 3);
    assert_eq!(texts(store, &place(5)).await, ["1"]);
    store.finish(&lease(), &ended(pending_job(store, &place(5), 1).await.id, Outcome::Failed)).await.unwrap();
    assert_eq!(store.prune(&old, after(40 * DAY)).await.unwrap().messages, 1);
}

async fn a_fresh_database_has_nothing_to_prune(database: TestDatabase) {
    let retention = Retention {
        message_days: u32::MAX,
        messages_per_chat: u32::MAX,
        inbox_hours: u32::MAX,
        job_days: u32::MAX,
        jobs_per_chat: u32::MAX,
    };
    assert_eq!(database.store().prune(&retention, NOW).await.unwrap(), Pruned::default());
}
