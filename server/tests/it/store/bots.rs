//! A persona gets another bot, which numbers its messages afresh.

use maskarad::chat::{MessageId, TransportKind};
use maskarad::store::{BotId, HistoryMessage, Outcome, Store};
use maskarad::trigger::Trigger;

use super::fixtures::*;
use crate::support::database::{TestDatabase, on_both};

on_both!(
    another_bot_numbers_afresh,
    the_same_bot_changes_nothing,
    bots_may_change_again_and_again,
    supergroups_keep_their_numbers,
    extreme_ids_are_no_obstacle,
);

async fn speaks(store: &dyn Store, name: &str, bot: i64) -> bool {
    store.take_over(&persona(name), TransportKind::Telegram, BotId(bot)).await.unwrap()
}

async fn another_bot_numbers_afresh(database: TestDatabase) {
    let store = database.store();
    assert!(!speaks(store, "avtobus", 1).await);
    let answer = HistoryMessage { reply_to: Some(MessageId(2)), ..replied(&place(5), 3, "старый ответ") };
    remember(store, [said(&place(5), 2, "старое"), answer]).await;
    enqueue(store, [job(&place(5), 2, Trigger::Private), job(&place(5), 4, Trigger::Private)]).await;
    let finished = pending_job(store, &place(5), 2).await.id;
    store.claim(&lease(), &lead(finished), NOW).await.unwrap();
    store.finish(&lease(), &ended(finished, Outcome::Answered)).await.unwrap();
    remember(store, [said(&place_of("polkson", 5), 2, "не моё")]).await;

    assert!(speaks(store, "avtobus", 2).await);
    remember(store, [said(&place(5), 2, "новое")]).await;
    enqueue(store, [job(&place(5), 2, Trigger::Private)]).await;
    assert_eq!(texts(store, &place(5)).await, ["старое", "старый ответ", "новое"]);
    let history = store.history(&place(5), 9).await.unwrap();
    assert_eq!(history[1].reply_to, Some(history[0].id), "a reply still names what it answers");
    assert!(history[..2].iter().all(|message| message.id.0 < 0));
    assert_eq!(store.message(&place(5).key(), MessageId(2)).await.unwrap().unwrap().text, "новое");
    assert_eq!(store.message(&place_of("polkson", 5).key(), MessageId(2)).await.unwrap().unwrap().text, "не моё");
    let jobs = store.pending(&place(5), 9).await.unwrap();
    assert_eq!(jobs.len(), 2, "the old bot's unfinished job and the new one");
    assert!(jobs[0].message.0 < 0);
    assert_eq!(jobs[1].message, MessageId(2));
}

async fn the_same_bot_changes_nothing(database: TestDatabase) {
    let store = database.store();
    remember(store, [said(&place(5), 1, "раз")]).await;
    for _ in 0..3 {
        assert!(!speaks(store, "avtobus", 1).await);
    }
    assert!(!speaks(store, "polkson", 2).await);
    assert_eq!(store.history(&place(5), 9).await.unwrap(), [said(&place(5), 1, "раз")]);
    // Delivered once more, it is the same message.
    remember(store, [said(&place(5), 1, "раз")]).await;
    assert_eq!(texts(store, &place(5)).await, ["раз"]);
}

async fn bots_may_change_again_and_again(database: TestDatabase) {
    let store = database.store();
    for bot in 1..=6 {
        assert_eq!(speaks(store, "avtobus", bot).await, bot > 1);
        remember(store, [1, 2].map(|id| said(&place(5), id, &format!("{bot}.{id}")))).await;
        enqueue(store, [1, 2].map(|id| job(&place(5), id, Trigger::Private))).await;
    }
    assert_eq!(texts(store, &place(5)).await.len(), 12);
    let jobs = store.pending(&place(5), 12).await.unwrap();
    assert_eq!(jobs.len(), 12);
    for (job, message) in jobs.iter().zip(store.history(&place(5), 12).await.unwrap()) {
        assert_eq!(job.message, message.id, "a job still names its message");
    }
}

async fn supergroups_keep_their_numbers(database: TestDatabase) {
    let store = database.store();
    let supergroup = place(-1_000_000_000_400);
    assert!(!speaks(store, "avtobus", 1).await);
    remember(store, [said(&supergroup, 7, "раз")]).await;
    assert!(speaks(store, "avtobus", 2).await);
    // The new bot was in the group too, and brings what the old one has told already.
    remember(store, [said(&supergroup, 7, "раз"), said(&supergroup, 8, "два")]).await;
    assert_eq!(texts(store, &supergroup).await, ["раз", "два"]);
}

async fn extreme_ids_are_no_obstacle(database: TestDatabase) {
    let store = database.store();
    assert!(!speaks(store, "avtobus", 1).await);
    let extremes = [i64::MIN, i64::MAX, -1, 0, 1, 1 << 60, -(1 << 60)];
    let messages =
        extremes.map(|id| HistoryMessage { reply_to: Some(MessageId(id)), ..said(&place(5), id, &id.to_string()) });
    remember(store, messages).await;
    assert!(speaks(store, "avtobus", 2).await);
    assert!(speaks(store, "avtobus", 3).await);
    assert!(store.history(&place(5), 9).await.unwrap().iter().all(|message| message.id.0 < 0));
}
