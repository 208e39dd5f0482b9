//! Too much waits: what matters least goes first, the oldest of it first.

use maskarad::store::{Backlog, Effect};
use maskarad::trigger::Trigger;

use super::fixtures::*;
use crate::support::database::{TestDatabase, on_both};

on_both!(
    a_conversation_keeps_its_newest_ambient_jobs,
    shedding_takes_the_oldest_that_nobody_asked_for,
    what_waits_is_counted,
    updates_are_applied_together_or_not_at_all,
);

async fn a_conversation_keeps_its_newest_ambient_jobs(database: TestDatabase) {
    let store = database.store();
    let ambient = |message| Effect::Enqueue(job(&place(5), message, Trigger::Insanity));
    enqueue(store, [job(&place(5), 1, Trigger::Name), job(&topic(5, 2), 2, Trigger::Chance)]).await;
    assert!(apply(store, (3..=12).map(ambient).collect()).await);
    assert!(apply(store, (13..=40).map(ambient).collect()).await);
    let waiting: Vec<i64> = [1].into_iter().chain(21..=40).collect();
    assert_eq!(pending(store, &place(5)).await, waiting);
    assert_eq!(pending(store, &topic(5, 2)).await, [2], "another conversation");
    assert!(fates(&database).await.contains(&"3 done coalesced".to_owned()));
}

async fn shedding_takes_the_oldest_that_nobody_asked_for(database: TestDatabase) {
    let store = database.store();
    let spread = [(1, Trigger::Insanity), (2, Trigger::Private), (3, Trigger::Chance), (4, Trigger::Insanity)];
    enqueue(store, spread.map(|(message, trigger)| job(&place(message), message, trigger))).await;
    assert_eq!(store.shed(2, NOW).await.unwrap(), 2);
    assert_eq!(fates(&database).await, ["1 done overloaded", "2 pending", "3 done overloaded", "4 pending"]);
    assert_eq!(store.shed(9, NOW).await.unwrap(), 1);
    assert_eq!(fates(&database).await[1], "2 pending", "who addressed the persona stays");
}

async fn what_waits_is_counted(database: TestDatabase) {
    let store = database.store();
    assert_eq!(store.backlog().await.unwrap(), Backlog::default());
    store.accept(BOT, &[update(1, Some(5)), update(2, None)], NOW).await.unwrap();
    enqueue(store, [job(&place(5), 1, Trigger::Name), job(&place(5), 2, Trigger::Chance), notice(&place(5), 3, "!")])
        .await;
    enqueue(store, [job(&place(6), 4, Trigger::Reply)]).await;
    store.claim(&lease(), &lead(pending_job(store, &place(6), 4).await.id), NOW).await.unwrap();
    let counts = Backlog { unrouted: 2, directed: 1, ambient: 1, ready: 1, running: 1, ..Backlog::default() };
    assert_eq!(store.backlog().await.unwrap(), Backlog { oldest: Some(after(1)), ..counts });
}

async fn updates_are_applied_together_or_not_at_all(database: TestDatabase) {
    let store = database.store();
    store.accept(BOT, &[1, 2, 3].map(|id| update(id, Some(5))), NOW).await.unwrap();
    assert_eq!(store.unrouted_in(BOT, Some(maskarad::chat::ChatId(5)), 2).await.unwrap().len(), 2);
    let remembered = |id: i64| routed(id, vec![Effect::Remember(said(&place(5), id, "раз"))]);
    assert_eq!(store.apply(&lease(), &[remembered(1), remembered(2)], NOW).await.unwrap(), 2);
    assert_eq!(store.apply(&lease(), &[remembered(2), remembered(3)], NOW).await.unwrap(), 1);
    assert_eq!(texts(store, &place(5)).await.len(), 3);
    store.accept(BOT, &[4, 5].map(|id| update(id, None)), NOW).await.unwrap();
    assert_eq!(store.unrouted_in(BOT, None, 9).await.unwrap().len(), 2);
    database.sql("drop table blocks").await;
    let broken = Effect::Block { persona: persona("avtobus"), user: ANNA, blocked: true };
    assert!(store.apply(&lease(), &[remembered(4), routed(5, vec![broken])], NOW).await.is_err());
    assert_eq!(store.unrouted_in(BOT, None, 9).await.unwrap().len(), 2);
}
