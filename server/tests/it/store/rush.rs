//! Many at once: nothing is lost, nothing is refused.

use std::collections::HashSet;
use std::sync::Arc;

use maskarad::chat::MessageId;
use maskarad::store::{Effect, Finish, HistoryMessage, Outcome, Retention, Store};
use maskarad::trigger::Trigger;

use super::fixtures::*;
use crate::support::database::{TestDatabase, on_both};

on_both!(sixteen_chats_at_once, sixteen_workers_share_the_queue, no_reply_stays_behind_a_reset);

const ROUNDS: i64 = 12;

/// One chat from acceptance to delivery, again and again.
async fn converse(store: Arc<dyn Store>, chat: i64) {
    for message in 1..=ROUNDS {
        let id = chat * 1000 + message;
        assert_eq!(store.accept(BOT, &[update(id, Some(chat))], NOW).await.unwrap(), 1);
        let effects = vec![
            Effect::Remember(said(&place(chat), message * 2, "вопрос")),
            Effect::Enqueue(job(&place(chat), message * 2, Trigger::Private)),
        ];
        assert_eq!(store.apply(&lease(), &[routed(id, effects)], NOW).await.unwrap(), 1);
        let job = pending_job(&*store, &place(chat), message * 2).await.id;
        assert!(store.claim(&lease(), &lead(job), NOW).await.unwrap());
        store.ready(&lease(), job, &reply("ответ"), NOW).await.unwrap();
        let delivered = Some(replied(&place(chat), message * 2 + 1, "ответ"));
        store.finish(&lease(), &Finish { delivered, ..ended(job, Outcome::Answered) }).await.unwrap();
        store.prune(&Retention::default(), NOW).await.unwrap();
    }
}

async fn sixteen_chats_at_once(database: TestDatabase) {
    let chats = (1..=16).map(|chat| tokio::spawn(converse(database.shared(), chat)));
    for chat in futures::future::join_all(chats).await {
        chat.unwrap();
    }
    let store = database.store();
    for chat in 1..=16 {
        let expected: Vec<_> = (0..ROUNDS).flat_map(|_| ["вопрос", "ответ"]).collect();
        assert_eq!(texts(store, &place(chat)).await, expected);
    }
    assert_eq!(store.unrouted(BOT, &[], 9).await.unwrap(), []);
    let fates = fates(&database).await;
    assert_eq!((fates.len() as i64, fates.iter().all(|fate| fate.ends_with("done answered"))), (16 * ROUNDS, true));
}

/// Takes whatever waits until nothing does; returns what it answered.
async fn work(store: Arc<dyn Store>) -> Vec<i64> {
    let mut answered = Vec::new();
    loop {
        let waiting = store.waiting(&avtobus(), 4).await.unwrap();
        let Some(conversation) = waiting.first() else { return answered };
        let Some(job) = store.pending(conversation, 1).await.unwrap().pop() else { continue };
        if store.claim(&lease(), &lead(job.id), NOW).await.unwrap() {
            store.ready(&lease(), job.id, &reply("да"), NOW).await.unwrap();
            store.finish(&lease(), &ended(job.id, Outcome::Answered)).await.unwrap();
            answered.push(job.id.0);
        }
    }
}

async fn sixteen_workers_share_the_queue(database: TestDatabase) {
    let jobs = (1..=120).map(|message| Effect::Enqueue(job(&place(message % 20), message, Trigger::Name)));
    assert!(apply(database.store(), jobs.collect()).await);
    let workers = (0..16).map(|_| tokio::spawn(work(database.shared())));
    let answered: Vec<_> =
        futures::future::join_all(workers).await.into_iter().flat_map(|worker| worker.unwrap()).collect();
    assert_eq!(answered.len(), answered.iter().collect::<HashSet<_>>().len(), "nobody answers twice");
    // A worker leaves when all that is left is under way elsewhere; whoever finished that has looked again.
    assert!(fates(&database).await.iter().all(|fate| fate.ends_with("done answered")));
    assert_eq!(answered.len(), 120);
}

/// A reply is recorded just when its conversation is forgotten: whichever comes first, nothing is left.
async fn no_reply_stays_behind_a_reset(database: TestDatabase) {
    let store = database.store();
    for round in 1..=40 {
        let message = round * 2;
        remember(store, [said(&place(5), message, "вопрос")]).await;
        enqueue(store, [job(&place(5), message, Trigger::Private)]).await;
        let job = pending_job(store, &place(5), message).await.id;
        store.claim(&lease(), &lead(job), NOW).await.unwrap();
        store.ready(&lease(), job, &reply("ответ"), NOW).await.unwrap();
        let said = replied(&place(5), message + 1, "ответ");
        let delivered = Some(HistoryMessage { reply_to: Some(MessageId(message)), ..said });
        let finish = Finish { delivered, ..ended(job, Outcome::Answered) };
        let reset = apply(store, vec![Effect::Reset(place(5))]);
        let lease = lease();
        let (finished, applied) = tokio::join!(store.finish(&lease, &finish), reset);
        finished.unwrap();
        assert!(applied);
        assert_eq!(texts(store, &place(5)).await, [""; 0], "round {round}");
    }
}
