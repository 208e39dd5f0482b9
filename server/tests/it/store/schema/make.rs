//! Makes the fixtures of the present schema: a database of each kind with the rows that a release leaves behind, written
//! through that release's own store. README.md beside the fixtures says when and how.

use maskarad::chat::{ChatId, ChatKind, Conversation, Language, MessageId, TransportKind, UserId};
use maskarad::store::{
    Author, BotId, ChatSettings, Claim, Effect, Finish, HistoryMessage, Job, NewJob, Outcome, RawUpdate, Reply, Store,
};
use maskarad::trigger::Trigger;
use serde_json::json;

use super::super::fixtures::{NOW, after, apply, ended, lead, notice, persona, reply, said};
use super::dump;
use super::people::{ANNA, BORIS, BOT, DIMA, GROUP, VERA};
use crate::support::database::{Backend, TestDatabase};

/// Run it with `--ignored` after a migration was added.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "writes server/tests/fixtures/schema; for whoever has added a migration"]
async fn make_schema_fixture() {
    let version = dump::latest_migration();
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let database = TestDatabase::new(backend).await.expect("both databases are needed");
        fill(database.store()).await;
        dump::write(&database, version).await;
    }
}

fn place(name: &str, chat: i64, thread: Option<i64>) -> Conversation {
    let mut place = super::super::fixtures::place_of(name, chat);
    place.chat.thread = thread.map(maskarad::chat::ThreadId);
    place
}

/// What a release leaves behind when it is killed in the middle of everything.
async fn fill(store: &dyn Store) {
    store.take_over(&persona("avtobus"), TransportKind::Telegram, BotId(BOT)).await.unwrap();
    store.take_over(&persona("polkson"), TransportKind::Telegram, BotId(BOT + 1)).await.unwrap();
    settings(store).await;
    history(store).await;
    ended_jobs(store).await;
    open_jobs(store).await;
    inbox(store).await;
}

async fn settings(store: &dyn Store) {
    let everything = ChatSettings {
        insanity: Some(false),
        chance: Some(0.25),
        context_length: Some(9),
        language: Some(Language::En),
        quiet_until: Some(after(3600)),
        ..ChatSettings::default()
    };
    let (old, group) = (place("avtobus", -400, None), place("avtobus", GROUP, None));
    let closed = ChatSettings { active: false, told_off: true, ..ChatSettings::default() };
    let mut effects = vec![
        Effect::Settings(old.key(), everything),
        Effect::Remember(said(&old, 3, "ещё до переезда")),
        Effect::Migrate { key: old.key(), to: group.chat.id },
        Effect::Settings(place("polkson", GROUP, None).key(), ChatSettings::default()),
        Effect::Settings(place("polkson", -777, None).key(), closed),
    ];
    for user in [666, 667] {
        effects.push(Effect::Block { persona: persona("avtobus"), user: UserId(user), blocked: true });
    }
    assert!(apply(store, effects).await);
}

async fn history(store: &dyn Store) {
    let group = place("avtobus", GROUP, None);
    let by = |message: HistoryMessage, id: i64, name: &str| HistoryMessage {
        author: Author::Other { id: UserId(id), name: name.to_owned() },
        ..message
    };
    let answer = HistoryMessage {
        author: Author::Persona,
        reply_to: Some(MessageId(1)),
        ..said(&group, 2, "на маршруте, куда я денусь")
    };
    let mut messages = vec![
        by(said(&group, 1, "автобус, ты где? 👍🏽 \"кавычки' и \\ черта\nвторая строка"), ANNA, "Анна O'Нил"),
        answer,
        by(said(&place("avtobus", GROUP, Some(7)), 5, "в теме"), BORIS, "Борис"),
        by(said(&place("polkson", GROUP, None), 1, "автобус, ты где?"), ANNA, "Анна O'Нил"),
    ];
    for (user, name) in [(ANNA, "Анна O'Нил"), (BORIS, "Борис"), (VERA, "Вера")] {
        messages
            .extend([10, 11].map(|id| by(said(&place("avtobus", user, None), id, "привет, как дела?"), user, name)));
    }
    messages.extend((20..26).map(|id| by(said(&group, id, "автобус, а что скажешь?"), ANNA, "Анна O'Нил")));
    messages.extend((30..33).map(|id| by(said(&place("avtobus", GROUP, Some(7)), id, "бас, ответь"), BORIS, "Борис")));
    assert!(apply(store, messages.into_iter().map(Effect::Remember).collect()).await);
}

fn job(place: &Conversation, message: i64, sender: i64, trigger: Trigger) -> NewJob {
    let private = place.chat.id.0 > 0;
    NewJob {
        conversation: place.clone(),
        chat_kind: if private { ChatKind::Private } else { ChatKind::Group },
        message: MessageId(message),
        sender: UserId(sender),
        trigger,
        seed: message * 7919,
        notice: None,
        created_at: after(message),
    }
}

async fn enqueue(store: &dyn Store, new: NewJob) -> Job {
    let (place, message) = (new.conversation.clone(), new.message);
    assert!(apply(store, vec![Effect::Enqueue(new)]).await);
    let pending = store.pending(&place, 100).await.unwrap();
    pending.into_iter().find(|job| job.message == message).unwrap()
}

/// A finished job of every outcome.
async fn ended_jobs(store: &dyn Store) {
    let group = place("polkson", GROUP, None);
    for (index, outcome) in (100..).zip(Outcome::ALL) {
        let open = enqueue(store, job(&group, index, ANNA, Trigger::Insanity)).await;
        assert!(store.claim(&lead(open.id), NOW).await.unwrap());
        let said = Reply { text: "сказано".to_owned(), outcome: Outcome::Answered, reason: None };
        store.ready(open.id, &said, NOW).await.unwrap();
        let reason = (!outcome.is_delivered()).then(|| "why it ended so".to_owned());
        let delivered = outcome.is_delivered().then(|| HistoryMessage {
            author: Author::Persona,
            ..super::super::fixtures::said(&group, index + 50, "сказано")
        });
        store.finish(&Finish { reason, delivered, ..ended(open.id, outcome) }).await.unwrap();
    }
}

/// Unfinished jobs in every state, alone and sharing a reply, each in a conversation of its own.
async fn open_jobs(store: &dyn Store) {
    let private = |user| place("avtobus", user, None);
    enqueue(store, job(&private(ANNA), 10, ANNA, Trigger::Private)).await;
    let running = enqueue(store, job(&private(BORIS), 10, BORIS, Trigger::Private)).await;
    assert!(store.claim(&lead(running.id), NOW).await.unwrap());
    let ready = enqueue(store, job(&private(VERA), 10, VERA, Trigger::Private)).await;
    assert!(store.claim(&lead(ready.id), NOW).await.unwrap());
    store.ready(ready.id, &reply("ответ готов и ждёт отправки"), NOW).await.unwrap();

    let topic = place("avtobus", GROUP, Some(7));
    let first = enqueue(store, job(&topic, 30, BORIS, Trigger::Name)).await;
    let second = enqueue(store, job(&topic, 31, BORIS, Trigger::Name)).await;
    assert!(store.claim(&Claim { shared: vec![first.id], ..lead(second.id) }, NOW).await.unwrap());

    let group = place("avtobus", GROUP, None);
    let first = enqueue(store, job(&group, 20, ANNA, Trigger::Mention)).await;
    let second = enqueue(store, job(&group, 21, ANNA, Trigger::Name)).await;
    assert!(store.claim(&Claim { shared: vec![first.id], ..lead(second.id) }, NOW).await.unwrap());
    store.ready(second.id, &reply("один ответ на два вопроса"), NOW).await.unwrap();
    enqueue(store, job(&group, 22, ANNA, Trigger::Name)).await;
    let told = NewJob { sender: UserId(ANNA), ..notice(&group, 23, "Безумие выключено.") };
    assert!(apply(store, vec![Effect::Enqueue(told)]).await);
}

/// One update that was routed, one that was not.
async fn inbox(store: &dyn Store) {
    let raw = |update_id: i64, message_id: i64, text: &str| RawUpdate {
        update_id,
        chat: Some(ChatId(DIMA)),
        raw: json!({"update_id": update_id, "message": {
            "message_id": message_id, "date": NOW.unix_timestamp(), "text": text,
            "chat": {"id": DIMA, "type": "private", "first_name": "Дима"},
            "from": {"id": DIMA, "is_bot": false, "first_name": "Дима", "language_code": "ru"},
        }})
        .to_string(),
    };
    let updates = [raw(1, 1, "это уже разобрано"), raw(2, 2, "а это ещё нет")];
    assert_eq!(store.accept(BotId(BOT), &updates, NOW).await.unwrap(), 2);
    let routed = maskarad::store::Routed { bot: BotId(BOT), update_id: 1, outcome: "untriggered", effects: vec![] };
    assert!(store.apply(&routed, NOW).await.unwrap());
}
