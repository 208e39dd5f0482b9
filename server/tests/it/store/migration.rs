//! A group becomes a supergroup: nothing of it is lost, nothing of the new one is hidden.

use maskarad::chat::{ChatId, Language, MessageId};
use maskarad::store::{ChatSettings, Effect, HistoryMessage, Store};
use maskarad::trigger::Trigger;

use super::fixtures::*;
use crate::support::database::{TestDatabase, on_both};

on_both!(
    everything_moves,
    a_job_under_way_can_be_found_again,
    what_is_there_already_is_merged,
    the_new_chat_numbers_its_messages_afresh,
    moving_again_is_harmless,
    moving_nowhere_changes_nothing,
    extreme_ids_move,
);

const OLD: i64 = -400;
const NEW: i64 = -1_000_000_000_400;

async fn migrate(store: &dyn Store) {
    let effect = Effect::Migrate { key: place(OLD).key(), to: ChatId(NEW) };
    assert!(apply(store, vec![effect]).await);
}

async fn everything_moves(database: TestDatabase) {
    let store = database.store();
    let settings = ChatSettings { insanity: Some(true), chance: Some(0.5), ..ChatSettings::default() };
    set(store, place(OLD).key(), settings.clone()).await;
    let answer = HistoryMessage { reply_to: Some(MessageId(1)), ..replied(&place(OLD), 2, "б") };
    remember(store, [said(&place(OLD), 1, "а"), answer, said(&place_of("polkson", OLD), 1, "не моё")]).await;
    enqueue(store, [1, 2, 3].map(|message| job(&place(OLD), message, Trigger::Name))).await;
    enqueue(store, [notice(&place(OLD), 4, "готово")]).await;
    let first = pending_job(store, &place(OLD), 1).await.id;
    store.claim(&lease(), &lead(first), NOW).await.unwrap();
    store.finish(&lease(), &ended(first, maskarad::store::Outcome::Answered)).await.unwrap();

    migrate(store).await;
    let moved = ChatSettings { former_id: Some(ChatId(OLD)), ..settings };
    assert_eq!(store.settings(&place(OLD).key()).await.unwrap(), None);
    assert_eq!(store.settings(&place(NEW).key()).await.unwrap(), Some(moved));
    assert_eq!(texts(store, &place(OLD)).await, [""; 0]);
    assert_eq!(texts(store, &place_of("polkson", OLD)).await, ["не моё"]);
    let history = store.history(&place(NEW), 9).await.unwrap();
    assert_eq!(history.iter().map(|message| message.text.as_str()).collect::<Vec<_>>(), ["а", "б"]);
    assert_eq!(history[1].reply_to, Some(history[0].id));
    assert_eq!(pending(store, &place(OLD)).await, [0; 0]);
    assert_eq!(store.pending(&place(NEW), 9).await.unwrap().len(), 2);
    assert_eq!(store.deliverable(&avtobus(), &[], NOW, 9).await.unwrap()[0].conversation, place(NEW));
    assert_eq!(fates(&database).await[0], "1 done answered");
}

/// Whoever makes a reply read its job before the move, and finds neither history nor message where they were.
async fn a_job_under_way_can_be_found_again(database: TestDatabase) {
    let store = database.store();
    enqueue(store, [job(&place(OLD), 1, Trigger::Name)]).await;
    let under_way = pending_job(store, &place(OLD), 1).await.id;
    store.claim(&lease(), &lead(under_way), NOW).await.unwrap();
    assert_eq!(store.conversation(under_way).await.unwrap(), Some(place(OLD)));
    migrate(store).await;
    assert_eq!(store.conversation(under_way).await.unwrap(), Some(place(NEW)));
    assert_eq!(store.conversation(maskarad::store::JobId(under_way.0 + 1)).await.unwrap(), None);
    store.release(&lease(), under_way).await.unwrap();
    assert_eq!(store.pending(&place(NEW), 9).await.unwrap().len(), 1, "it is answered there");
}

async fn what_is_there_already_is_merged(database: TestDatabase) {
    let store = database.store();
    let old = ChatSettings { insanity: Some(true), context_length: Some(9), told_off: true, ..ChatSettings::default() };
    let new = ChatSettings { insanity: Some(false), language: Some(Language::En), ..ChatSettings::default() };
    set(store, place(OLD).key(), old).await;
    set(store, place(NEW).key(), new.clone()).await;
    remember(store, [said(&place(OLD), 1, "старое"), said(&place(NEW), 1, "новое")]).await;
    enqueue(store, [job(&place(OLD), 1, Trigger::Name), job(&place(NEW), 1, Trigger::Name)]).await;

    migrate(store).await;
    let merged = ChatSettings { context_length: Some(9), told_off: true, former_id: Some(ChatId(OLD)), ..new };
    assert_eq!(store.settings(&place(NEW).key()).await.unwrap(), Some(merged));
    assert_eq!(texts(store, &place(NEW)).await, ["старое", "новое"]);
    assert_eq!(store.pending(&place(NEW), 9).await.unwrap().len(), 2);
}

async fn the_new_chat_numbers_its_messages_afresh(database: TestDatabase) {
    let store = database.store();
    remember(store, [said(&place(OLD), 0, "ноль"), said(&place(OLD), 1, "старое")]).await;
    enqueue(store, [job(&place(OLD), 1, Trigger::Name)]).await;
    migrate(store).await;
    remember(store, [said(&place(NEW), 1, "новое")]).await;
    enqueue(store, [job(&place(NEW), 1, Trigger::Name)]).await;

    assert_eq!(texts(store, &place(NEW)).await, ["ноль", "старое", "новое"]);
    let found = store.message(&place(NEW).key(), MessageId(1)).await.unwrap();
    assert_eq!(found.map(|message| message.text), Some("новое".to_owned()));
    let jobs = store.pending(&place(NEW), 9).await.unwrap();
    assert_eq!(jobs.len(), 2);
    let moved = store.message(&place(NEW).key(), jobs[0].message).await.unwrap();
    assert!(jobs[0].message.0 < 0);
    assert_eq!(moved.map(|message| message.text), Some("старое".to_owned()));
}

async fn moving_again_is_harmless(database: TestDatabase) {
    let store = database.store();
    remember(store, [said(&place(OLD), 1, "раз")]).await;
    enqueue(store, [job(&place(OLD), 1, Trigger::Name)]).await;
    migrate(store).await;
    store.migrate(&place(OLD).key(), ChatId(NEW)).await.unwrap();
    // A straggler of the old chat, stored again after the move.
    remember(store, [said(&place(OLD), 1, "раз"), said(&place(OLD), 2, "два")]).await;
    enqueue(store, [1, 2].map(|message| job(&place(OLD), message, Trigger::Name))).await;
    store.migrate(&place(OLD).key(), ChatId(NEW)).await.unwrap();
    store.migrate(&place(OLD).key(), ChatId(NEW)).await.unwrap();
    assert_eq!(texts(store, &place(NEW)).await, ["раз", "два"]);
    assert_eq!(store.pending(&place(NEW), 9).await.unwrap().len(), 2);
    assert_eq!(fates(&database).await, ["-2 pending", "1 done reset", "-3 pending"]);
}

async fn moving_nowhere_changes_nothing(database: TestDatabase) {
    let store = database.store();
    set(store, place(OLD).key(), ChatSettings::default()).await;
    remember(store, [said(&place(OLD), 1, "раз")]).await;
    store.migrate(&place(OLD).key(), ChatId(OLD)).await.unwrap();
    assert_eq!(store.settings(&place(OLD).key()).await.unwrap(), Some(ChatSettings::default()));
    assert_eq!(store.history(&place(OLD), 9).await.unwrap(), [said(&place(OLD), 1, "раз")]);
    store.migrate(&place(1).key(), ChatId(2)).await.unwrap();
}

async fn extreme_ids_move(database: TestDatabase) {
    let store = database.store();
    let ids = [i64::MIN, i64::MAX, -1, 0, 4, -5];
    remember(store, ids.map(|id| said(&place(OLD), id, &id.to_string()))).await;
    enqueue(store, ids.map(|id| job(&place(OLD), id.clamp(-1000, 1000), Trigger::Name))).await;
    migrate(store).await;
    migrate(store).await;
    assert_eq!(texts(store, &place(OLD)).await, [""; 0]);
    // -1 and 0 want the same id, and so do 4 and -5 and the two ends: the negative one was moved before and yields.
    assert_eq!(texts(store, &place(NEW)).await, [i64::MAX, 0, 4].map(|id| id.to_string()));
}
