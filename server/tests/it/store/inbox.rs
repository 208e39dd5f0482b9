//! What arrives is stored once, and routed once, in order.

use maskarad::chat::ChatId;
use maskarad::store::{BotId, Effect, RawUpdate};

use super::fixtures::*;
use crate::support::database::{Backend, TestDatabase, on_both};

on_both!(
    accepting_is_idempotent,
    accepting_is_all_or_none,
    many_updates_are_accepted_at_once,
    each_chat_gives_its_oldest,
    busy_chats_are_left_out,
    an_update_is_applied_once,
    an_unknown_update_is_not_applied,
);

async fn ids(database: &TestDatabase, busy: &[Option<ChatId>], limit: u32) -> Vec<i64> {
    let updates = database.store().unrouted(BOT, busy, limit).await.unwrap();
    updates.iter().map(|stored| stored.update.update_id).collect()
}

async fn accepting_is_idempotent(database: TestDatabase) {
    let store = database.store();
    assert_eq!(store.accept(BOT, &[], NOW).await.unwrap(), 0);
    assert_eq!(store.accept(BOT, &[update(1, Some(5)), update(2, Some(6))], NOW).await.unwrap(), 2);
    let changed = RawUpdate { raw: "other".to_owned(), ..update(2, Some(6)) };
    assert_eq!(store.accept(BOT, &[changed, update(3, Some(7)), update(3, Some(7))], after(60)).await.unwrap(), 1);
    assert_eq!(store.accept(BotId(8), &[update(1, Some(5))], NOW).await.unwrap(), 1);

    let stored = store.unrouted(BOT, &[], 10).await.unwrap();
    assert_eq!(
        stored.iter().map(|stored| stored.update.clone()).collect::<Vec<_>>(),
        [update(1, Some(5)), update(2, Some(6)), update(3, Some(7))]
    );
    assert_eq!((stored[0].bot, stored[0].received_at, stored[2].received_at), (BOT, NOW, after(60)));
    assert_eq!(store.unrouted(BotId(8), &[], 10).await.unwrap().len(), 1);
}

/// The last of many updates is refused: nothing of the others stays.
async fn accepting_is_all_or_none(database: TestDatabase) {
    let (forbid, permit) = match database.backend() {
        Backend::Postgres => (
            "alter table inbox add constraint forbidden check (update_id <> 149)",
            "alter table inbox drop constraint forbidden",
        ),
        Backend::Sqlite => (
            "create trigger forbidden before insert on inbox when new.update_id = 149
             begin select raise(abort, 'forbidden'); end",
            "drop trigger forbidden",
        ),
    };
    let updates: Vec<_> = (0..150).map(|id| update(id, Some(id))).collect();
    database.sql(forbid).await;
    assert!(database.store().accept(BOT, &updates, NOW).await.is_err());
    assert_eq!(ids(&database, &[], 9).await, [0; 0]);
    database.sql(permit).await;
    assert_eq!(database.store().accept(BOT, &updates, NOW).await.unwrap(), 150);
}

async fn many_updates_are_accepted_at_once(database: TestDatabase) {
    let updates: Vec<_> = (0..1003).map(|id| update(id, Some(id % 10))).collect();
    assert_eq!(database.store().accept(BOT, &updates, NOW).await.unwrap(), 1003);
    assert_eq!(database.store().accept(BOT, &updates, NOW).await.unwrap(), 0);
    assert_eq!(ids(&database, &[], 100).await, Vec::from_iter(0..10));
}

async fn each_chat_gives_its_oldest(database: TestDatabase) {
    let store = database.store();
    // Ids may restart: what counts is the order of arrival.
    let chats =
        [(90, Some(5)), (91, None), (92, Some(-5)), (93, Some(5)), (94, None), (10, Some(-5)), (11, Some(i64::MIN))];
    let updates: Vec<_> = chats.into_iter().map(|(id, chat)| update(id, chat)).collect();
    store.accept(BOT, &updates, NOW).await.unwrap();
    assert_eq!(ids(&database, &[], 10).await, [90, 91, 92, 11]);
    assert_eq!(ids(&database, &[], 2).await, [90, 91]);
    for id in [92, 91] {
        assert_eq!(store.apply(&lease(), &[routed(id, vec![])], NOW).await.unwrap(), 1);
    }
    assert_eq!(ids(&database, &[], 10).await, [90, 94, 10, 11]);
}

async fn busy_chats_are_left_out(database: TestDatabase) {
    let chats = [(1, Some(5)), (2, None), (3, Some(i64::MIN)), (4, Some(i64::MAX)), (5, Some(0))];
    let updates: Vec<_> = chats.into_iter().map(|(id, chat)| update(id, chat)).collect();
    database.store().accept(BOT, &updates, NOW).await.unwrap();
    let chat = |id| Some(ChatId(id));
    assert_eq!(ids(&database, &[chat(5)], 10).await, [2, 3, 4, 5]);
    assert_eq!(ids(&database, &[None], 10).await, [1, 3, 4, 5]);
    assert_eq!(ids(&database, &[chat(i64::MAX), None, chat(i64::MIN), chat(77)], 10).await, [1, 5]);
    assert_eq!(ids(&database, &[chat(5), None, chat(i64::MIN), chat(i64::MAX), chat(0)], 10).await, [0; 0]);
}

async fn an_update_is_applied_once(database: TestDatabase) {
    let store = database.store();
    store.accept(BOT, &[update(1, Some(5))], NOW).await.unwrap();
    let first = routed(1, vec![Effect::Remember(said(&place(5), 1, "раз"))]);
    let second = routed(1, vec![Effect::Remember(said(&place(5), 2, "два"))]);
    assert_eq!(store.apply(&lease(), std::slice::from_ref(&first), NOW).await.unwrap(), 1);
    assert_eq!(store.apply(&lease(), std::slice::from_ref(&second), NOW).await.unwrap(), 0);
    assert_eq!(texts(store, &place(5)).await, ["раз"]);
    assert_eq!(store.unrouted(BOT, &[], 10).await.unwrap(), []);
    // Routed, it still keeps the same update out.
    assert_eq!(store.accept(BOT, &[update(1, Some(5))], NOW).await.unwrap(), 0);
    assert_eq!(database.sql("select outcome from inbox").await, [Some("tested".to_owned())]);
}

async fn an_unknown_update_is_not_applied(database: TestDatabase) {
    let store = database.store();
    store.accept(BotId(8), &[update(1, Some(5))], NOW).await.unwrap();
    assert_eq!(
        store.apply(&lease(), &[routed(1, vec![Effect::Remember(said(&place(5), 1, "раз"))])], NOW).await.unwrap(),
        0
    );
    assert_eq!(texts(store, &place(5)).await, [""; 0]);
}
