//! What was said comes back in the order it was stored.

use maskarad::chat::MessageId;
use maskarad::store::{Finish, HistoryMessage, Outcome};
use maskarad::trigger::Trigger;

use super::fixtures::*;
use crate::support::database::{TestDatabase, on_both};

on_both!(the_latest_come_oldest_first, a_delivered_reply_takes_its_place, one_message_is_found_in_any_thread);

async fn the_latest_come_oldest_first(database: TestDatabase) {
    let store = database.store();
    // Neither ids nor clocks decide: a late update is stored late.
    let late = HistoryMessage { sent_at: after(-900), ..said(&place(5), 2, "б") };
    remember(store, [said(&place(5), 9, "а"), late, said(&place(5), 5, "в"), said(&topic(5, 1), 6, "г")]).await;
    assert_eq!(texts(store, &place(5)).await, ["а", "б", "в"]);
    let last: Vec<_> = store.history(&place(5), 2).await.unwrap().into_iter().map(|message| message.text).collect();
    assert_eq!(last, ["б", "в"]);
    assert_eq!(store.history(&place(5), 0).await.unwrap(), []);
    assert_eq!(store.history(&place_of("polkson", 5), 9).await.unwrap(), []);
}

async fn a_delivered_reply_takes_its_place(database: TestDatabase) {
    let store = database.store();
    remember(store, [said(&place(5), 1, "привет")]).await;
    enqueue(store, [job(&place(5), 1, Trigger::Private)]).await;
    let job = pending_job(store, &place(5), 1).await.id;
    store.claim(&lease(), &lead(job), NOW).await.unwrap();
    store.ready(&lease(), job, &reply("здравствуй"), NOW).await.unwrap();
    remember(store, [said(&place(5), 2, "ты где")]).await;
    let delivered = HistoryMessage { reply_to: Some(MessageId(1)), ..replied(&place(5), 3, "здравствуй") };
    let finish = Finish { job, outcome: Outcome::Answered, reason: None, delivered: Some(delivered.clone()), at: NOW };
    store.finish(&lease(), &finish).await.unwrap();
    assert_eq!(texts(store, &place(5)).await, ["привет", "ты где", "здравствуй"]);
    assert_eq!(store.message(&place(5).key(), MessageId(3)).await.unwrap(), Some(delivered));
}

async fn one_message_is_found_in_any_thread(database: TestDatabase) {
    let store = database.store();
    let full = HistoryMessage {
        reply_to: Some(MessageId(i64::MIN)),
        sent_at: after(0) + time::Duration::milliseconds(123),
        ..said(&topic(i64::MAX, i64::MAX), i64::MAX, "край")
    };
    remember(store, [full.clone()]).await;
    assert_eq!(store.message(&full.conversation.key(), full.id).await.unwrap(), Some(full.clone()));
    assert_eq!(store.history(&full.conversation, 1).await.unwrap(), [full]);
    assert_eq!(store.message(&place(5).key(), MessageId(1)).await.unwrap(), None);
}
