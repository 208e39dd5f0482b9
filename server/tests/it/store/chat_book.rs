//! The chats there are: what they are called, how lively they are, what went wrong in them.

use maskarad::chat::{ChatId, ChatKind, Conversation};
use maskarad::store::{
    ChatCursor, ChatQuery, ChatSettings, Effect, FailedJob, Finish, Forget, KnownChat, Outcome, Retention,
    SettingsChange, Store, Subject,
};
use maskarad::telegram::update::trace;
use maskarad::trigger::Trigger;
use time::{Duration, OffsetDateTime};

use super::fixtures::*;
use crate::support::database::{TestDatabase, on_both};

on_both!(
    a_chat_is_met_and_met_again,
    chats_are_found_by_any_case_and_by_number,
    pages_hold_every_chat_once,
    settings_change_one_by_one,
    a_title_moves_with_its_chat,
    a_title_is_forgotten_with_its_chat,
    titles_of_what_is_kept_no_more_are_pruned,
    the_busiest_chats_are_counted,
    only_what_went_wrong_is_told,
);

fn known(place: &Conversation, title: &str, at: OffsetDateTime) -> KnownChat {
    KnownChat { key: place.key(), kind: ChatKind::Group, title: title.to_owned(), last_at: at }
}

async fn meet(store: &dyn Store, chats: impl IntoIterator<Item = KnownChat>) {
    assert!(apply(store, chats.into_iter().map(Effect::Meet).collect()).await);
}

async fn titles(store: &dyn Store, query: ChatQuery) -> Vec<String> {
    let query = ChatQuery { limit: if query.limit == 0 { 100 } else { query.limit }, ..query };
    store.chats(&query).await.unwrap().into_iter().map(|listed| listed.chat.title).collect()
}

async fn found(store: &dyn Store, text: &str) -> Vec<String> {
    titles(store, ChatQuery { search: Some(text.to_owned()), ..ChatQuery::default() }).await
}

async fn a_chat_is_met_and_met_again(database: TestDatabase) {
    let store = database.store();
    assert_eq!(store.chat(&place(5).key()).await.unwrap(), None);
    meet(store, [known(&place(5), "Друзья", after(60))]).await;
    let first = store.chat(&place(5).key()).await.unwrap().unwrap();
    assert_eq!((&first.chat, &first.settings), (&known(&place(5), "Друзья", after(60)), &None));
    let renamed = KnownChat { kind: ChatKind::Channel, ..known(&place(5), "Враги <b>\"&amp;\0", after(30)) };
    meet(store, [renamed.clone()]).await;
    let again = store.chat(&place(5).key()).await.unwrap().unwrap();
    let title = "Враги <b>\"&amp;\u{fffd}".to_owned();
    assert_eq!(
        again.chat,
        KnownChat { title, last_at: after(60), ..renamed },
        "an older update is no news of activity"
    );
    assert_eq!(again.cursor.seq, first.cursor.seq);
    set(store, place(5).key(), ChatSettings { chance: Some(0.5), ..ChatSettings::default() }).await;
    let own = store.chat(&place(5).key()).await.unwrap().unwrap().settings;
    assert_eq!(own.unwrap().chance, Some(0.5));
}

async fn chats_are_found_by_any_case_and_by_number(database: TestDatabase) {
    let store = database.store();
    let chats = [(5, "Ёлки и Иголки"), (-100_777, "Friends"), (7, "100% _правды_"), (8, "100 рублей"), (9, "")];
    meet(store, chats.map(|(chat, title)| known(&place(chat), title, after(-chat.abs())))).await;
    for text in ["ёлки", "ЕЛКИ", "иГоЛкИ", "Елки и"] {
        assert_eq!(found(store, text).await, ["Ёлки и Иголки"], "{text}");
    }
    assert_eq!(found(store, "fRIEND").await, ["Friends"]);
    assert_eq!(found(store, "-100777").await, ["Friends"], "by its number");
    assert_eq!(found(store, "100%").await, ["100% _правды_"], "signs of patterns are letters");
    assert_eq!(found(store, "_п").await, ["100% _правды_"]);
    assert_eq!(found(store, "\\").await, [""; 0]);
    assert_eq!(found(store, "' or 1=1 --").await, [""; 0]);
    meet(store, [known(&place_of("polkson", 5), "Ёлки", NOW)]).await;
    let of = ChatQuery { persona: Some(persona("polkson")), ..ChatQuery::default() };
    assert_eq!(titles(store, of).await, ["Ёлки"]);
}

async fn pages_hold_every_chat_once(database: TestDatabase) {
    let store = database.store();
    // Many of the same moment: an activity is no order by itself.
    meet(store, (1..=25).map(|chat| known(&place(chat), &format!("чат {chat}"), after(chat / 10)))).await;
    let (mut before, mut seen) = (None::<ChatCursor>, Vec::new());
    loop {
        let page = store.chats(&ChatQuery { before, limit: 4, ..ChatQuery::default() }).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.cursor);
        seen.extend(page.iter().map(|listed| (listed.chat.last_at, listed.chat.key.chat)));
    }
    assert_eq!(seen.len(), 25);
    assert!(seen.is_sorted_by(|a, b| a.0 >= b.0), "{seen:?}");
    seen.sort_by_key(|(_, chat)| *chat);
    seen.dedup_by_key(|(_, chat)| *chat);
    assert_eq!(seen.len(), 25, "each once");
}

async fn settings_change_one_by_one(database: TestDatabase) {
    let (store, key) = (database.store(), place(5).key());
    let change = async |change: SettingsChange| {
        store.change_settings(&key, &change).await.unwrap();
        store.settings(&key).await.unwrap()
    };
    assert_eq!(change(SettingsChange::default()).await, None, "nothing asked for, nothing written");
    let insanity = |value| SettingsChange { insanity: Some(value), ..SettingsChange::default() };
    let own = ChatSettings { insanity: Some(true), ..ChatSettings::default() };
    assert_eq!(change(insanity(Some(true))).await, Some(own), "a chat that had set nothing is active");
    let other = ChatSettings { chance: Some(0.25), active: false, told_off: true, ..ChatSettings::default() };
    set(store, key.clone(), other.clone()).await;
    let both = SettingsChange { insanity: Some(Some(false)), context_length: Some(Some(50)) };
    let expected = ChatSettings { insanity: Some(false), context_length: Some(50), ..other.clone() };
    assert_eq!(change(both).await, Some(expected.clone()), "the rest stays");
    assert_eq!(change(insanity(None)).await, Some(ChatSettings { insanity: None, ..expected }));
}

async fn a_title_moves_with_its_chat(database: TestDatabase) {
    let store = database.store();
    let (old, new) = (place(-400), place(-1_000_000_000_400));
    meet(store, [known(&old, "Группа", NOW), known(&place_of("polkson", -400), "Группа", NOW)]).await;
    store.migrate(&old.key(), new.chat.id).await.unwrap();
    assert_eq!(store.chat(&old.key()).await.unwrap(), None);
    assert_eq!(store.chat(&new.key()).await.unwrap().unwrap().chat, known(&new, "Группа", NOW));
    assert!(store.chat(&place_of("polkson", -400).key()).await.unwrap().is_some(), "each persona's by itself");
    meet(store, [known(&old, "Старое", after(5)), known(&new, "Новое", NOW)]).await;
    store.migrate(&old.key(), new.chat.id).await.unwrap();
    let mut left = found(store, "").await;
    left.sort();
    assert_eq!(left, ["Группа", "Новое"], "what the new chat says of itself wins");
}

async fn a_title_is_forgotten_with_its_chat(database: TestDatabase) {
    let store = database.store();
    let all = || [5, 6].map(|chat| known(&place(chat), &format!("Клара {chat}"), NOW));
    let forget = async |subject| {
        let forget = Forget { subject, persona: None, transport: None };
        store.forget(&forget, &trace, NOW).await.unwrap().titles
    };
    meet(store, all()).await;
    assert_eq!(forget(Subject::Chat(ChatId(5))).await, 1);
    assert_eq!(found(store, "клара").await, ["Клара 6"]);
    meet(store, all()).await;
    assert_eq!(forget(Subject::User(maskarad::chat::UserId(6))).await, 1, "a person's private chat has their name");
    assert_eq!(found(store, "клара").await, ["Клара 5"]);
}

async fn titles_of_what_is_kept_no_more_are_pruned(database: TestDatabase) {
    let store = database.store();
    meet(store, (5..=8).map(|chat| known(&place(chat), &chat.to_string(), NOW))).await;
    meet(store, [known(&place(8), "8", NOW + Duration::days(2))]).await;
    remember(store, [said(&place(6), 1, "давно")]).await;
    set(store, place(7).key(), ChatSettings::default()).await;
    // The chat of which a message is to be answered yet keeps it.
    enqueue(store, [job(&place(6), 1, Trigger::Name)]).await;
    store.prune(&Retention::default(), NOW + Duration::days(31)).await.unwrap();
    let mut left = found(store, "").await;
    left.sort();
    assert_eq!(left, ["6", "7", "8"], "5 has neither messages nor settings, and nobody wrote there for a month");
}

async fn the_busiest_chats_are_counted(database: TestDatabase) {
    let store = database.store();
    assert_eq!(store.busiest_chats(NOW, 20).await.unwrap(), []);
    let at = async |seconds: i64, place: &Conversation, messages: std::ops::Range<i64>| {
        let now = after(seconds);
        for id in messages {
            store.accept(BOT, &[update(id, None)], now).await.unwrap();
            let said = Effect::Remember(said(place, id, "слова"));
            assert_eq!(store.apply(&lease(), &[routed(id, vec![said])], now).await.unwrap(), 1);
        }
    };
    at(-90_000, &place(-6), 1..10).await;
    at(-7200, &place(-6), 10..13).await;
    at(-60, &topic(-6, 3), 13..15).await;
    at(-30, &place(5), 20..23).await;
    at(-20, &place(7), 30..31).await;
    meet(store, [known(&place(-6), "Шумные", NOW)]).await;
    let busy = store.busiest_chats(NOW, 2).await.unwrap();
    let told: Vec<_> = busy.iter().map(|chat| (chat.key.chat.0, chat.title.as_str(), chat.hour, chat.day)).collect();
    assert_eq!(told, [(-6, "Шумные", 2, 5), (5, "", 3, 3)], "all topics together; the day before doesn't count");
    assert_eq!((busy[1].kind, busy[1].last_at), (ChatKind::Private, after(-30)));
}

async fn only_what_went_wrong_is_told(database: TestDatabase) {
    let store = database.store();
    for (message, outcome) in (1..).zip(Outcome::ALL) {
        enqueue(store, [job(&place(5), message, Trigger::Name)]).await;
        let id = pending_job(store, &place(5), message).await.id;
        store.claim(&lease(), &lead(id), NOW).await.unwrap();
        let reason = Some(format!("why {}", outcome.as_str()));
        store.finish(&lease(), &Finish { reason, at: after(message), ..ended(id, outcome) }).await.unwrap();
    }
    enqueue(store, [job(&place(5), 100, Trigger::Name)]).await;
    let failed = store.failed_jobs(50).await.unwrap();
    let told: Vec<_> = failed.iter().map(|job| job.outcome).collect();
    use Outcome::{Failed, Forbidden, Overloaded, Rejected, Unknown};
    assert_eq!(told, [Overloaded, Unknown, Failed, Rejected, Forbidden]);
    let last = FailedJob {
        at: after(11),
        key: place(5).key(),
        outcome: Overloaded,
        reason: Some("why overloaded".to_owned()),
    };
    assert_eq!((&failed[0], store.failed_jobs(2).await.unwrap().len()), (&last, 2));
}
