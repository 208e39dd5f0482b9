//! Replies leave in order, one at a time for each chat.

use maskarad::chat::{ChatKey, TransportKind};
use maskarad::store::{Job, Outcome};
use maskarad::trigger::Trigger;

use super::fixtures::*;
use crate::support::database::{TestDatabase, on_both};

on_both!(one_reply_for_each_chat, busy_chats_get_nothing, a_notice_is_ready_at_once);

async fn make_ready(database: &TestDatabase, place: &maskarad::chat::Conversation, message: i64) {
    let store = database.store();
    enqueue(store, [job(place, message, Trigger::Name)]).await;
    let id = pending_job(store, place, message).await.id;
    assert!(store.claim(&lease(), &lead(id), NOW).await.unwrap());
    store.ready(&lease(), id, &reply(&format!("ответ {message}")), NOW).await.unwrap();
}

async fn messages(database: &TestDatabase, busy: &[ChatKey], limit: u32) -> Vec<i64> {
    let both = ["avtobus", "polkson"].map(|name| persona(name).at(TransportKind::Telegram));
    ids(&database.store().deliverable(&both, busy, NOW, limit).await.unwrap())
}

fn ids(jobs: &[Job]) -> Vec<i64> {
    jobs.iter().map(|job| job.message.0).collect()
}

async fn one_reply_for_each_chat(database: TestDatabase) {
    let places = [place(5), topic(5, 3), place(6), place_of("polkson", 5), place(6)];
    for (message, place) in (1..).zip(&places) {
        make_ready(&database, place, message).await;
    }
    let store = database.store();
    // Both topics are one chat: it is the chat that is paced.
    assert_eq!(messages(&database, &[], 9).await, [1, 3, 4]);
    assert_eq!(messages(&database, &[], 2).await, [1, 3]);
    assert_eq!(ids(&store.deliverable(&avtobus(), &[], NOW, 9).await.unwrap()), [1, 3]);
    for job in store.deliverable(&avtobus(), &[], NOW, 9).await.unwrap() {
        assert_eq!(job.reply, Some(reply(&format!("ответ {}", job.message))));
        store.finish(&lease(), &ended(job.id, Outcome::Answered)).await.unwrap();
    }
    assert_eq!(messages(&database, &[], 9).await, [2, 4, 5]);
}

async fn busy_chats_get_nothing(database: TestDatabase) {
    let places = [place(i64::MIN), place(5), place_of("polkson", 5), place(i64::MAX)];
    for (message, place) in (1..).zip(&places) {
        make_ready(&database, place, message).await;
    }
    assert_eq!(messages(&database, &[place(5).key()], 9).await, [1, 3, 4]);
    assert_eq!(messages(&database, &[place(i64::MIN).key(), place_of("polkson", 5).key()], 9).await, [2, 4]);
    assert_eq!(messages(&database, &places.map(|place| place.key()), 9).await, [0; 0]);
    assert_eq!(messages(&database, &[place(77).key()], 2).await, [1, 2]);
}

async fn a_notice_is_ready_at_once(database: TestDatabase) {
    let store = database.store();
    enqueue(store, [job(&place(5), 1, Trigger::Private), notice(&place(5), 2, "готово")]).await;
    let deliverable = store.deliverable(&avtobus(), &[], NOW, 9).await.unwrap();
    assert_eq!(ids(&deliverable), [2]);
    assert_eq!((deliverable[0].trigger, deliverable[0].reply.clone()), (Trigger::Notice, Some(reply("готово"))));
    assert_eq!(pending(store, &place(5)).await, [1]);
    store.finish(&lease(), &ended(deliverable[0].id, Outcome::Answered)).await.unwrap();
    assert_eq!(store.deliverable(&avtobus(), &[], NOW, 9).await.unwrap(), []);
}
