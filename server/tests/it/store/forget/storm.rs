//! Forgetting while everybody writes.

use maskarad::chat::UserId;
use maskarad::store::{Author, Effect, Finish, HistoryMessage, Lease, Outcome, Store, Subject};
use maskarad::trigger::Trigger;

use super::super::fixtures::*;
use super::{CLARA, GROUP, NAME, WORDS, answer, asked_by, contents, forget};
use crate::support::database::{TestDatabase, on_both};

on_both!(forgetting_amid_a_storm);

/// Rounds of each talker.
const ROUNDS: i64 = 40;

/// Clara and Boris take turns to write to a persona, which answers everything.
async fn talk(store: &dyn Store, talker: i64) {
    let name = if talker % 2 == 0 { "avtobus" } else { "polkson" };
    let at_work = Lease { persona: persona(name), ..lease() };
    for round in 0..ROUNDS {
        let (id, place) = (talker * 1000 + round * 10, place_of(name, GROUP));
        let sender = if round % 2 == 0 { CLARA } else { 502 };
        let author = Author::Other { id: UserId(sender), name: NAME.to_owned() };
        let said = HistoryMessage { author, ..said(&place, id, WORDS) };
        let update_id = 50_000 + id;
        store.accept(BOT, &[update(update_id, Some(GROUP))], NOW).await.unwrap();
        let effects = vec![Effect::Remember(said), Effect::Enqueue(asked_by(sender, job(&place, id, Trigger::Name)))];
        store.apply(&lease(), &[routed(update_id, effects)], NOW).await.unwrap();
        for open in store.pending(&place, 3).await.unwrap() {
            if store.claim(&at_work, &lead(open.id), NOW).await.unwrap() {
                store.ready(&at_work, open.id, &reply("да"), NOW).await.unwrap();
                let delivered = Some(answer(&place, id + 1 + open.id.0 % 9, open.message.0, "да"));
                store.finish(&at_work, &Finish { delivered, ..ended(open.id, Outcome::Answered) }).await.unwrap();
            }
        }
    }
}

async fn forgetting_amid_a_storm(database: TestDatabase) {
    let store = database.shared();
    let talkers = 0..4_i64;
    let talking: Vec<_> = talkers
        .map(|talker| {
            let store = database.shared();
            tokio::spawn(async move { talk(&*store, talker).await })
        })
        .collect();
    while talking.iter().any(|talker| !talker.is_finished()) {
        forget(&*store, Subject::User(UserId(CLARA)), None).await;
    }
    for talker in talking {
        talker.await.unwrap();
    }
    forget(&*store, Subject::User(UserId(CLARA)), None).await;
    let left = contents(&database).await;
    assert!(!left.iter().any(|row| row.contains(&CLARA.to_string())), "{left:#?}");
    let orphans = "select text from messages as reply where author_id is null and not exists (
                       select 1 from messages as asked where asked.persona = reply.persona
                       and asked.chat_id = reply.chat_id and asked.message_id = reply.reply_to)";
    assert_eq!(database.sql(orphans).await, [], "replies to her");
    let boris = left.iter().filter(|row| row.starts_with("jobs") && row.contains("| 502 |")).count();
    assert_eq!(boris, 4 * 20, "Boris's jobs are all there");
}
