//! Rooms of the daemon's own page.

use maskarad::chat::{ChatId, MessageId, PersonaName, UserId};
use maskarad::store::{BotId, Forget, RawUpdate, Retention, Room, RoomMessage, Said, Store, Subject};
use maskarad::telegram::update::trace;
use time::Duration;

use super::fixtures::*;
use crate::support::database::{TestDatabase, on_both};

on_both!(
    rooms_open_fill_and_close,
    what_is_said_reaches_log_and_inboxes_together,
    who_does_not_sit_there_says_nothing,
    old_words_are_pruned,
    a_person_and_a_room_are_forgotten,
    ids_become_visible_in_their_order,
);

const ANN: UserId = UserId(-5_000_000_000_000_000_000);

/// Nothing of Telegram's is that high: its numbers have 52 bits.
const FIRST: i64 = (1 << 52) + 1;

fn said(room: ChatId, text: &str) -> Said {
    Said {
        room,
        persona: None,
        author_id: ANN,
        author_name: "Аня".to_owned(),
        text: text.to_owned(),
        reply_to: None,
        sent_at: NOW,
    }
}

/// An update for each persona, in an inbox by its place in the list.
fn announce(room: &Room, message: &RoomMessage, answered: Option<&RoomMessage>) -> Vec<(BotId, RawUpdate)> {
    let raw = serde_json::json!({ "room_message": {
        "chat": { "id": room.id.0 }, "from": { "id": message.said.author_id.0 }, "text": message.said.text,
        "answers": answered.map(|answered| &answered.said.text),
    }});
    let update = RawUpdate { update_id: message.id.0, chat: Some(room.id), raw: raw.to_string() };
    (1..=room.personas.len()).map(|bot| (BotId(i64::try_from(bot).unwrap()), update.clone())).collect()
}

async fn say(store: &dyn Store, said: Said) -> RoomMessage {
    store.say(&said, &announce, NOW).await.unwrap().expect("it can be said")
}

fn both() -> [PersonaName; 2] {
    [persona("polkson"), persona("avtobus")]
}

async fn rooms_open_fill_and_close(mut database: TestDatabase) {
    let store = database.store();
    let kitchen = store.open_room("Кухня <b>", &both(), NOW).await.unwrap();
    let empty = store.open_room("Пусто", &[], NOW).await.unwrap();
    assert!(kitchen.0 >= FIRST && empty > kitchen, "{kitchen} {empty}");
    let room = |id, title: &str, personas: Vec<PersonaName>| {
        let title = title.to_owned();
        Room { id, title, personas, messages: 0, last_at: None }
    };
    let filled = room(kitchen, "Кухня <b>", vec![persona("avtobus"), persona("polkson")]);
    assert_eq!(store.rooms(None).await.unwrap(), [filled.clone(), room(empty, "Пусто", vec![])]);
    assert!(store.sit_down(empty, &persona("avtobus")).await.unwrap());
    assert!(store.sit_down(empty, &persona("avtobus")).await.unwrap(), "sitting twice is sitting");
    assert!(!store.sit_down(ChatId(7), &persona("avtobus")).await.unwrap(), "no such room");
    assert!(store.leave_room(kitchen, &persona("polkson")).await.unwrap());
    assert!(!store.leave_room(kitchen, &persona("polkson")).await.unwrap());
    database.reopen().await;
    let store = database.store();
    assert_eq!(store.rooms(Some(kitchen)).await.unwrap()[0].personas, [persona("avtobus")]);
    assert_eq!(store.rooms(Some(empty)).await.unwrap()[0].personas, [persona("avtobus")]);
    say(store, said(kitchen, "а")).await;
    assert!(store.close_room(kitchen).await.unwrap() && !store.close_room(kitchen).await.unwrap());
    assert_eq!(store.rooms(Some(kitchen)).await.unwrap(), []);
    assert_eq!(store.room_messages(kitchen, MessageId(0), 9).await.unwrap(), []);
    let next = store.open_room("Снова", &[], NOW).await.unwrap();
    assert!(next > empty, "no room gets a former one's number");
}

async fn what_is_said_reaches_log_and_inboxes_together(database: TestDatabase) {
    let store = database.store();
    let room = store.open_room("Кухня", &both(), NOW).await.unwrap();
    let other = store.open_room("Зал", &both(), NOW).await.unwrap();
    let elsewhere = say(store, said(other, "там")).await;
    let first = say(store, said(room, "привет\0")).await;
    assert_eq!(first.said.text, "привет\u{FFFD}", "what is told is what is kept");
    let reply = Said { reply_to: Some(first.id), persona: Some(persona("avtobus")), ..said(room, "еду") };
    let second = say(store, reply).await;
    let stray = say(store, Said { reply_to: Some(elsewhere.id), ..said(room, "о чём?") }).await;
    assert_eq!(stray.said.reply_to, None, "a message of another room can't be answered here");
    assert!(elsewhere.id < first.id && first.id < second.id && second.id < stray.id);

    assert_eq!(
        store.room_messages(room, MessageId(0), 9).await.unwrap(),
        [first.clone(), second.clone(), stray.clone()]
    );
    assert_eq!(
        store.room_messages(room, MessageId(0), 2).await.unwrap(),
        [second.clone(), stray.clone()],
        "the newest"
    );
    assert_eq!(store.room_messages(room, second.id, 9).await.unwrap(), std::slice::from_ref(&stray));
    let listed = store.rooms(Some(room)).await.unwrap();
    assert_eq!((listed[0].messages, listed[0].last_at), (3, Some(NOW)));

    for bot in [1, 2] {
        let waiting = store.unrouted_in(BotId(bot), Some(room), 9).await.unwrap();
        let ids: Vec<i64> = waiting.iter().map(|stored| stored.update.update_id).collect();
        assert_eq!(ids, [first.id.0, second.id.0, stray.id.0]);
        assert!(waiting[1].update.raw.contains("привет"), "an answer knows what it answers: {}", waiting[1].update.raw);
        assert!(waiting[2].update.raw.contains("null"), "{}", waiting[2].update.raw);
    }
}

async fn who_does_not_sit_there_says_nothing(database: TestDatabase) {
    let store = database.store();
    let room = store.open_room("Кухня", &[persona("avtobus")], NOW).await.unwrap();
    let stranger = Said { persona: Some(persona("polkson")), ..said(room, "а я?") };
    assert_eq!(store.say(&stranger, &announce, NOW).await.unwrap(), None);
    assert_eq!(store.say(&said(ChatId(room.0 + 1), "эй"), &announce, NOW).await.unwrap(), None);
    assert_eq!(store.room_messages(room, MessageId(0), 9).await.unwrap(), []);
    assert_eq!(store.unrouted(BotId(1), &[], 9).await.unwrap(), []);
}

async fn old_words_are_pruned(database: TestDatabase) {
    let store = database.store();
    let room = store.open_room("Кухня", &[], NOW - Duration::days(99)).await.unwrap();
    let retention = Retention { message_days: 30, ..Retention::default() };
    say(store, Said { sent_at: NOW - Duration::days(31), ..said(room, "давно") }).await;
    let new = say(store, Said { sent_at: NOW - Duration::days(29), ..said(room, "недавно") }).await;
    store.prune(&retention, NOW).await.unwrap();
    assert_eq!(store.room_messages(room, MessageId(0), 9).await.unwrap(), [new]);
    assert_eq!(store.rooms(None).await.unwrap().len(), 1, "a room isn't a matter of time");
}

async fn a_person_and_a_room_are_forgotten(database: TestDatabase) {
    let store = database.store();
    let room = store.open_room("Кухня", &both(), NOW).await.unwrap();
    let other = store.open_room("Зал", &both(), NOW).await.unwrap();
    let asked = say(store, said(room, "моё")).await;
    let answer = Said { persona: Some(persona("avtobus")), author_id: UserId(-6), ..said(room, "ответ ей") };
    say(store, Said { reply_to: Some(asked.id), ..answer }).await;
    let kept = say(store, Said { author_id: UserId(-7), ..said(room, "чужое") }).await;
    say(store, said(other, "и тут моё")).await;
    let forget = async |subject, name: Option<&str>| {
        let forget = Forget { subject, persona: name.map(persona), transport: None };
        store.forget(&forget, &trace, NOW).await.unwrap()
    };
    let forgotten = forget(Subject::User(ANN), None).await;
    assert_eq!(forgotten.messages, 3, "hers, and what was answered to her");
    assert!(forgotten.updates > 0, "what waits in inboxes, too");
    assert_eq!(store.room_messages(room, MessageId(0), 9).await.unwrap(), std::slice::from_ref(&kept));
    assert_eq!(store.room_messages(other, MessageId(0), 9).await.unwrap(), []);
    forget(Subject::Chat(room), Some("avtobus")).await;
    assert_eq!(store.room_messages(room, MessageId(0), 9).await.unwrap(), [kept], "the others remember the room");
    forget(Subject::Chat(room), None).await;
    assert_eq!(store.room_messages(room, MessageId(0), 9).await.unwrap(), []);
    assert_eq!(store.unrouted(BotId(1), &[], 9).await.unwrap(), []);
    assert_eq!(store.rooms(None).await.unwrap().len(), 2);
}

async fn ids_become_visible_in_their_order(database: TestDatabase) {
    let store = database.store();
    let room = store.open_room("Кухня", &both(), NOW).await.unwrap();
    let speaking = async {
        let crowd = (0..8).map(async |person| {
            for line in 0..10 {
                say(store, said(room, &format!("{person}: {line}"))).await;
            }
        });
        futures::future::join_all(crowd).await;
    };
    let reading = async {
        let (mut last, mut seen) = (MessageId(0), 0);
        while seen < 80 {
            for message in store.room_messages(room, last, 200).await.unwrap() {
                assert!(message.id > last);
                last = message.id;
                seen += 1;
            }
            tokio::task::yield_now().await;
        }
    };
    let all = async { tokio::join!(speaking, reading) };
    tokio::time::timeout(std::time::Duration::from_secs(60), all).await.expect("whoever reads on misses nothing");
}
