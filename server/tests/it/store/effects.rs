//! Effects are applied together, in order, or not at all.

use maskarad::chat::{ChatId, MessageId};
use maskarad::store::{ChatSettings, Effect};
use maskarad::trigger::Trigger;

use super::fixtures::*;
use crate::support::database::{TestDatabase, on_both};

on_both!(
    all_effects_or_none,
    a_message_is_answered_once,
    an_edit_reaches_every_thread,
    a_remembered_message_stays,
    reset_forgets_one_conversation,
    reset_spares_what_is_under_way,
    reset_spares_the_jobs_of_its_own_update,
    blocking,
);

async fn all_effects_or_none(database: TestDatabase) {
    let store = database.store();
    store.accept(BOT, &[update(1, Some(5))], NOW).await.unwrap();
    database.sql("drop table blocks").await;
    let effects = routed(
        1,
        vec![
            Effect::Remember(said(&place(5), 1, "раз")),
            Effect::Settings(place(5).key(), ChatSettings::default()),
            Effect::Enqueue(job(&place(5), 1, Trigger::Name)),
            Effect::Block { persona: persona("avtobus"), user: ANNA, blocked: true },
        ],
    );
    assert!(store.apply(&lease(), &[effects], NOW).await.is_err());
    assert_eq!(texts(store, &place(5)).await, [""; 0]);
    assert_eq!(store.settings(&place(5).key()).await.unwrap(), None);
    assert_eq!(fates(&database).await, [""; 0]);
    assert_eq!(store.unrouted(BOT, &[], 10).await.unwrap().len(), 1);
}

async fn a_message_is_answered_once(database: TestDatabase) {
    let store = database.store();
    let same =
        [job(&place(5), 1, Trigger::Name), job(&place(5), 1, Trigger::Mention), job(&topic(5, 2), 1, Trigger::Chance)];
    enqueue(store, same).await;
    enqueue(store, [job(&place_of("polkson", 5), 1, Trigger::Name), job(&place(6), 1, Trigger::Name)]).await;
    enqueue(store, [notice(&place(5), 1, "готово"), notice(&place(5), 1, "ещё")]).await;
    assert_eq!(fates(&database).await, ["1 pending", "1 pending", "1 pending", "1 ready", "1 ready"]);
    assert_eq!(store.pending(&place(5), 9).await.unwrap()[0].trigger, Trigger::Name);
}

async fn an_edit_reaches_every_thread(database: TestDatabase) {
    let store = database.store();
    remember(store, [said(&place(5), 1, "а"), said(&topic(5, 3), 2, "б"), said(&place_of("polkson", 5), 2, "в")]).await;
    let edit =
        |message, text: &str| Effect::Edit { key: place(5).key(), message: MessageId(message), text: text.to_owned() };
    assert!(apply(store, vec![edit(1, "А"), edit(2, "Б"), edit(77, "нет такого")]).await);
    assert_eq!(texts(store, &place(5)).await, ["А"]);
    assert_eq!(texts(store, &topic(5, 3)).await, ["Б"]);
    assert_eq!(texts(store, &place_of("polkson", 5)).await, ["в"]);
}

async fn a_remembered_message_stays(database: TestDatabase) {
    let store = database.store();
    remember(store, [said(&place(5), 1, "первое")]).await;
    remember(store, [said(&place(5), 1, "второе"), said(&topic(5, 3), 1, "третье"), said(&place(6), 1, "чужое")]).await;
    assert_eq!(store.message(&place(5).key(), MessageId(1)).await.unwrap(), Some(said(&place(5), 1, "первое")));
    assert_eq!(texts(store, &topic(5, 3)).await, [""; 0]);
    assert_eq!(texts(store, &place(6)).await, ["чужое"]);
}

async fn reset_forgets_one_conversation(database: TestDatabase) {
    let store = database.store();
    let others = [topic(5, 3), place(6), place_of("polkson", 5)];
    for (id, place) in (1..).zip(others.iter().chain([&place(5)])) {
        remember(store, [said(place, id, "было")]).await;
        enqueue(store, [job(place, id, Trigger::Name)]).await;
    }
    assert!(apply(store, vec![Effect::Reset(place(5))]).await);
    assert_eq!(texts(store, &place(5)).await, [""; 0]);
    for other in &others {
        assert_eq!(texts(store, other).await, ["было"], "{other:?}");
    }
    assert_eq!(fates(&database).await, ["1 pending", "2 pending", "3 pending", "4 done reset"]);
}

async fn reset_spares_what_is_under_way(database: TestDatabase) {
    let store = database.store();
    enqueue(store, [1, 2, 3].map(|message| job(&place(5), message, Trigger::Name))).await;
    enqueue(store, [notice(&place(5), 4, "готово")]).await;
    let first = pending_job(store, &place(5), 1).await.id;
    store.claim(&lease(), &lead(first), NOW).await.unwrap();
    store.ready(&lease(), first, &reply("да"), NOW).await.unwrap();
    store.claim(&lease(), &lead(pending_job(store, &place(5), 2).await.id), NOW).await.unwrap();
    assert!(apply(store, vec![Effect::Reset(place(5))]).await);
    assert_eq!(fates(&database).await, ["1 ready", "2 running", "3 done reset", "4 ready"]);
}

async fn reset_spares_the_jobs_of_its_own_update(database: TestDatabase) {
    let store = database.store();
    enqueue(store, [job(&place(5), 1, Trigger::Name)]).await;
    let effects = vec![
        Effect::Enqueue(job(&place(5), 2, Trigger::Private)),
        Effect::Enqueue(notice(&place(5), 2, "забыто")),
        Effect::Reset(place(5)),
        Effect::Enqueue(job(&place(5), 3, Trigger::Private)),
    ];
    assert!(apply(store, effects).await);
    assert_eq!(fates(&database).await, ["1 done reset", "2 pending", "2 ready", "3 pending"]);
    assert_eq!(place(5).key().chat, ChatId(5));
}

async fn blocking(database: TestDatabase) {
    let store = database.store();
    let block = |blocked| vec![Effect::Block { persona: persona("avtobus"), user: ANNA, blocked }];
    for (effects, expected) in [(block(true), true), (block(true), true), (block(false), false), (block(false), false)]
    {
        assert!(apply(store, effects).await);
        assert_eq!(store.is_blocked(&persona("avtobus"), ANNA).await.unwrap(), expected);
        assert!(!store.is_blocked(&persona("polkson"), ANNA).await.unwrap());
    }
}
