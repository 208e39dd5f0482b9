//! What each persona has done lately.

use maskarad::store::{ChatSettings, Failure, Finish, Outcome};
use maskarad::trigger::Trigger;

use super::fixtures::*;
use crate::support::database::{TestDatabase, on_both};

on_both!(lately_is_counted, what_nobody_wrote_is_not_there);

async fn lately_is_counted(database: TestDatabase) {
    let store = database.store();
    remember(store, [said(&place(5), 1, "а"), said(&topic(5, 9), 2, "б"), said(&place(6), 1, "в")]).await;
    remember(store, [said(&place(7), 1, "г"), said(&place_of("polkson", 5), 1, "д")]).await;
    set(store, place(7).key(), ChatSettings { active: false, ..ChatSettings::default() }).await;
    let outcomes = [
        (1, Outcome::Answered, 100_000),
        (2, Outcome::Answered, 5000),
        (3, Outcome::Fallback, 60),
        (4, Outcome::Rejected, 50),
        (5, Outcome::Unknown, 40),
        (6, Outcome::Coalesced, 30),
    ];
    for (message, outcome, ago) in outcomes {
        enqueue(store, [job(&place(5), message, Trigger::Mention)]).await;
        let id = pending_job(store, &place(5), message).await.id;
        store.claim(&lease(), &lead(id), NOW).await.unwrap();
        let reason = (outcome == Outcome::Unknown).then(|| "no answer".to_owned());
        store.finish(&lease(), &Finish { reason, at: after(-ago), ..ended(id, outcome) }).await.unwrap();
    }
    let tallies = store.tallies(NOW).await.unwrap();
    let names: Vec<&str> = tallies.iter().map(|tally| tally.persona.as_str()).collect();
    assert_eq!(names, ["avtobus", "polkson"]);
    let [avtobus, polkson] = &tallies[..] else { unreachable!() };
    assert_eq!((avtobus.chats, avtobus.replies_day, avtobus.replies_hour), (2, 2, 1));
    let failure = Failure { at: after(-40), outcome: Outcome::Unknown, reason: Some("no answer".to_owned()) };
    assert_eq!(avtobus.last_failure, Some(failure));
    assert_eq!((polkson.chats, polkson.replies_day, &polkson.last_failure), (1, 0, &None));
}

async fn what_nobody_wrote_is_not_there(database: TestDatabase) {
    assert!(database.store().tallies(NOW).await.unwrap().is_empty());
}
