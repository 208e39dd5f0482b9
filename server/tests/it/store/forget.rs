//! A chat or a person is forgotten: nothing of theirs is left in any table, and everybody else's rows stay as they are.

mod storm;

use maskarad::chat::{ChatId, ChatKind, Conversation, MessageId, TransportKind, UserId};
use maskarad::store::{
    Author, BotId, ChatSettings, Claim, Effect, Forget, Forgotten, HistoryMessage, KnownChat, NewJob, RawUpdate, Store,
    Subject,
};
use maskarad::telegram::update::trace;
use maskarad::trigger::Trigger;
use serde_json::{Value, json};

use super::fixtures::*;
use crate::support::contents::{rows, tables};
use crate::support::database::{Backend, TestDatabase, on_both};

on_both!(
    every_table_is_known,
    a_person_is_forgotten_and_nobody_else,
    one_persona_may_forget_alone,
    a_chat_is_forgotten_under_all_its_numbers,
    who_shared_a_reply_is_answered_all_the_same,
    what_is_forgotten_is_not_routed,
    a_group_s_number_is_no_private_chat,
);

/// Met nowhere by chance.
const CLARA: i64 = 7_654_321_001;
const NAME: &str = "Клара Цеткинова";
const WORDS: &str = "кларины кораллы";
const GROUP: i64 = -1_004_000_000_400;

async fn forget(store: &dyn Store, subject: Subject, name: Option<&str>) -> Forgotten {
    store.forget(&Forget { subject, persona: name.map(persona), transport: None }, &trace, NOW).await.unwrap()
}

async fn contents(database: &TestDatabase) -> Vec<String> {
    let (backend, url) = (database.backend(), database.url());
    rows(backend, url, &tables(backend, url).await).await
}

/// Whoever adds a table has to say here, and in `store/forget.rs`, what of a person it holds.
async fn every_table_is_known(database: TestDatabase) {
    let tables = tables(database.backend(), database.url()).await;
    let names: Vec<_> = tables.iter().map(|(name, _)| name.as_str()).collect();
    // The keys of the API tell of nobody who writes in a chat.
    let of_chats = ["blocks", "bots", "chats", "inbox", "jobs", "known_chats", "leases", "messages", "pauses"];
    let of_rooms = ["room_messages", "room_personas", "rooms"];
    let of_operators = ["api_keys", "audit", "console_links", "console_secret"];
    // Daemons' names, and personas'.
    let of_daemons = ["daemons", "placements"];
    let mut known = [&of_operators[..], &of_chats, &of_rooms, &of_daemons].concat();
    known.sort_unstable();
    assert_eq!(names, known);
}

/// Clara says something.
fn clara(place: &Conversation, id: i64) -> HistoryMessage {
    HistoryMessage { author: Author::Other { id: UserId(CLARA), name: NAME.to_owned() }, ..said(place, id, WORDS) }
}

fn answer(place: &Conversation, id: i64, to: i64, text: &str) -> HistoryMessage {
    HistoryMessage { reply_to: Some(MessageId(to)), ..replied(place, id, text) }
}

fn asked_by(sender: i64, job: NewJob) -> NewJob {
    NewJob { sender: UserId(sender), ..job }
}

fn person(id: i64, name: &str) -> Value {
    json!({"id": id, "is_bot": false, "first_name": name})
}

fn raw(update_id: i64, chat: i64, from: &Value, more: Value) -> RawUpdate {
    let mut message = json!({"message_id": update_id, "date": 1, "chat": {"id": chat, "type": "group"}, "from": from});
    let (Some(fields), Value::Object(more)) = (message.as_object_mut(), more) else { panic!("fields are wanted") };
    fields.extend(more);
    let raw = json!({"update_id": update_id, "message": message}).to_string();
    RawUpdate { update_id, chat: Some(ChatId(chat)), raw }
}

/// Everything that anybody may leave behind, Clara's and others'.
async fn fill(store: &dyn Store) {
    store.take_over(&persona("avtobus"), TransportKind::Telegram, BOT).await.unwrap();
    let (group, other) = (place(GROUP), place_of("polkson", GROUP));
    let mut effects = Vec::new();
    for place in [&group, &other, &place(CLARA), &place_of("polkson", CLARA), &place(502)] {
        effects.push(Effect::Settings(place.key(), ChatSettings { chance: Some(0.5), ..ChatSettings::default() }));
        let title = if place.chat.id.0 == CLARA { NAME } else { "Друзья" }.to_owned();
        effects.push(Effect::Meet(KnownChat { key: place.key(), kind: ChatKind::Group, title, last_at: NOW }));
        let boris = HistoryMessage {
            author: Author::Other { id: UserId(502), name: "Борис".to_owned() },
            ..said(place, 2, "борисовы бананы")
        };
        let history = [clara(place, 1), boris, answer(place, 3, 1, "Кларе"), answer(place, 4, 2, "Борису")];
        effects.extend(history.map(Effect::Remember));
        // Her message of this one is pruned already.
        effects.push(Effect::Remember(answer(place, 6, 5, "Кларе, давно")));
        effects.push(Effect::Enqueue(asked_by(CLARA, job(place, 5, Trigger::Name))));
        effects.push(Effect::Enqueue(asked_by(502, job(place, 7, Trigger::Name))));
        effects.push(Effect::Enqueue(asked_by(CLARA, notice(place, 8, &format!("{WORDS} — принято")))));
    }
    for user in [CLARA, 502] {
        effects.push(Effect::Block { persona: persona("avtobus"), user: UserId(user), blocked: true });
    }
    assert!(apply(store, effects).await);
    for chat in [CLARA, GROUP] {
        store.pause(&place(chat).key(), NOW, after(9)).await.unwrap();
    }
    let (her, boris) = (person(CLARA, NAME), person(502, "Борис"));
    let quoting = json!({"text": "не согласен", "reply_to_message": {"message_id": 1, "from": her, "text": WORDS}});
    let updates = [
        raw(1, GROUP, &her, json!({"text": WORDS})),
        raw(2, GROUP, &boris, quoting),
        raw(3, GROUP, &boris, json!({"text": "о своём", "new_chat_members": [her, person(503, "Вера")]})),
        raw(4, CLARA, &her, json!({"text": WORDS})),
        raw(5, GROUP, &boris, json!({"text": "борисовы бананы"})),
    ];
    for bot in [BOT, BotId(BOT.0 + 1)] {
        assert_eq!(store.accept(bot, &updates, NOW).await.unwrap(), 5);
    }
    store.apply(&lease(), &[routed(4, vec![])], NOW).await.unwrap();
}

fn is_of(row: &str, traces: &[&str]) -> bool {
    traces.iter().any(|trace| row.contains(trace))
}

async fn a_person_is_forgotten_and_nobody_else(mut database: TestDatabase) {
    fill(database.store()).await;
    let before = contents(&database).await;
    let forgotten = forget(database.store(), Subject::User(UserId(CLARA)), None).await;
    let after = contents(&database).await;
    let traces = [&CLARA.to_string(), NAME, WORDS, "Кларе"];
    let left: Vec<_> = after.iter().filter(|row| is_of(row, &traces)).collect();
    assert!(left.is_empty(), "{left:#?}");
    let others = before.iter().filter(|row| !is_of(row, &traces));
    let missing: Vec<_> = others.filter(|row| !after.contains(row)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
    let new: Vec<_> = after.iter().filter(|row| !before.contains(row)).collect();
    // Her own updates are empty, and Boris's are without her.
    assert_eq!(new.iter().filter(|row| row.starts_with("inbox") && row.contains("| {} |")).count(), 4, "{new:#?}");
    assert_eq!(
        new.iter().filter(|row| row.contains("не согласен") && !row.contains("reply_to")).count(),
        2,
        "{new:#?}"
    );
    assert_eq!(new.iter().filter(|row| row.contains("о своём") && row.contains("Вера")).count(), 2, "{new:#?}");
    assert_eq!(new.len(), 8, "{new:#?}");
    // In her private chats all is hers: five messages, three jobs. In the three others: what she said, two replies to it,
    // her job and her notice.
    let expected = Forgotten {
        updates: 8,
        messages: 2 * 5 + 3 * 3,
        jobs: 2 * 3 + 3 * 2,
        titles: 2,
        settings: 2,
        pauses: 1,
        blocks: 1,
    };
    assert_eq!(forgotten, expected);
    assert_eq!(forget(database.store(), Subject::User(UserId(CLARA)), None).await, Forgotten::default());
    if database.backend() == Backend::Sqlite {
        let file = std::fs::read(database.url()).unwrap();
        let log = std::fs::read(format!("{}-wal", database.url())).unwrap_or_default();
        for bytes in [file, log] {
            assert!(
                !bytes.windows(WORDS.len()).any(|window| window == WORDS.as_bytes()),
                "deleted, and still in the file"
            );
        }
    }
    database.reopen().await;
    assert!(!contents(&database).await.is_empty());
}

async fn one_persona_may_forget_alone(database: TestDatabase) {
    fill(database.store()).await;
    let others = async || -> Vec<String> {
        let theirs = |row: &String| row.contains("polkson") || row.contains(&(BOT.0 + 1).to_string());
        contents(&database).await.into_iter().filter(theirs).collect()
    };
    let before = others().await;
    forget(database.store(), Subject::User(UserId(CLARA)), Some("avtobus")).await;
    assert_eq!(others().await, before);
    let mine = contents(&database).await.into_iter().filter(|row| !before.contains(row));
    let left: Vec<_> = mine.filter(|row| is_of(row, &[&CLARA.to_string(), WORDS])).collect();
    assert!(left.is_empty(), "{left:#?}");
}

async fn a_chat_is_forgotten_under_all_its_numbers(database: TestDatabase) {
    for number in [GROUP, -400] {
        let store = database.store();
        fill(store).await;
        let moved = vec![
            Effect::Settings(place(-400).key(), ChatSettings::default()),
            Effect::Remember(clara(&place(-400), 90)),
            Effect::Migrate { key: place(-400).key(), to: ChatId(GROUP) },
        ];
        assert!(apply(store, moved).await);
        store.accept(BOT, &[raw(6, -400, &person(502, "Борис"), json!({"text": "до переезда"}))], NOW).await.unwrap();
        let forgotten = forget(store, Subject::Chat(ChatId(number)), None).await;
        assert!(forgotten.messages >= 10 && forgotten.settings == 2 && forgotten.blocks == 0, "{forgotten:?}");
        let after = contents(&database).await;
        let left: Vec<_> =
            after.iter().filter(|row| is_of(row, &[&GROUP.to_string(), "-400", "до переезда"])).collect();
        assert!(left.is_empty(), "{left:#?}");
        assert!(after.iter().any(|row| row.starts_with("messages") && row.contains(WORDS)), "she is known elsewhere");
        assert!(store.is_blocked(&persona("avtobus"), UserId(CLARA)).await.unwrap());
        forget(store, Subject::User(UserId(CLARA)), None).await;
        forget(store, Subject::Chat(ChatId(502)), None).await;
        database.sql("delete from inbox").await;
    }
}

async fn who_shared_a_reply_is_answered_all_the_same(database: TestDatabase) {
    let store = database.store();
    enqueue(
        store,
        (1..=6).map(|id| asked_by(if id % 2 == 0 { CLARA } else { 502 }, job(&place(GROUP), id, Trigger::Name))),
    )
    .await;
    let jobs: Vec<_> = store.pending(&place(GROUP), 9).await.unwrap().iter().map(|job| job.id).collect();
    for (index, shared) in [(1, 0), (3, 2), (4, 5)] {
        let claim = Claim { shared: vec![jobs[shared]], ..lead(jobs[index]) };
        assert!(store.claim(&lease(), &claim, NOW).await.unwrap());
    }
    store.ready(&lease(), jobs[3], &reply("Кларе и Борису"), NOW).await.unwrap();
    assert_eq!(forget(store, Subject::User(UserId(CLARA)), None).await.jobs, 3);
    assert_eq!(fates(&database).await, ["1 pending", "3 pending", "5 running"]);
    // Whoever was at work on hers finds nothing to do, and leaves nothing behind.
    let late = maskarad::store::Finish {
        delivered: Some(answer(&place(GROUP), 9, 4, "Кларе")),
        ..ended(jobs[3], maskarad::store::Outcome::Answered)
    };
    store.ready(&lease(), jobs[1], &reply("Кларе"), NOW).await.unwrap();
    store.finish(&lease(), &late).await.unwrap();
    assert_eq!(texts(store, &place(GROUP)).await, [""; 0]);
    assert_eq!(fates(&database).await, ["1 pending", "3 pending", "5 running"]);
}

async fn what_is_forgotten_is_not_routed(database: TestDatabase) {
    let store = database.store();
    fill(store).await;
    let at_work = store.unrouted_in(BOT, Some(ChatId(GROUP)), 9).await.unwrap();
    assert_eq!(at_work[0].update.update_id, 1);
    forget(store, Subject::User(UserId(CLARA)), None).await;
    let effects = vec![Effect::Remember(clara(&place(GROUP), 99))];
    assert_eq!(store.apply(&lease(), &[routed(1, effects)], NOW).await.unwrap(), 0);
    assert!(!contents(&database).await.iter().any(|row| row.contains(WORDS)));
    let waiting: Vec<i64> = store
        .unrouted_in(BOT, Some(ChatId(GROUP)), 9)
        .await
        .unwrap()
        .iter()
        .map(|stored| stored.update.update_id)
        .collect();
    assert_eq!(waiting, [2, 3, 5], "the others' updates still wait");
    // Telegram may repeat an update that was never confirmed.
    let again = raw(1, GROUP, &person(CLARA, NAME), json!({"text": WORDS}));
    assert_eq!(store.accept(BOT, &[again], NOW).await.unwrap(), 0);
}

async fn a_group_s_number_is_no_private_chat(database: TestDatabase) {
    let store = database.store();
    let in_its_name = |id| HistoryMessage {
        author: Author::Other { id: UserId(GROUP), name: "Группа".to_owned() },
        ..said(&place(GROUP), id, "от имени группы")
    };
    remember(store, [in_its_name(1), said(&place(GROUP), 2, "своё")]).await;
    set(store, place(GROUP).key(), ChatSettings::default()).await;
    let forgotten = forget(store, Subject::User(UserId(GROUP)), None).await;
    assert_eq!(forgotten, Forgotten { messages: 1, ..Forgotten::default() });
    assert_eq!(texts(store, &place(GROUP)).await, ["своё"]);
}
