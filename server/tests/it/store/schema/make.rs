//! Makes the fixtures of the present schema: a database of each kind with the rows that a release leaves behind, written
//! through that release's own store. README.md beside the fixtures says when and how.

mod console;

use std::sync::atomic::{AtomicI64, Ordering};

use maskarad::chat::{ChatId, ChatKind, Conversation, Language, MessageId, ThreadId, TransportKind, UserId};
use maskarad::request::RequestId;
use maskarad::store::{
    Author, BotId, ChatSettings, Claim, DaemonId, DaemonName, Effect, Finish, Heartbeat, HistoryMessage, JobId,
    KnownChat, Lease, NewJob, Outcome, RawUpdate, Routed, Sent, Store,
};
use maskarad::trigger::Trigger;
use serde_json::json;

use super::super::fixtures::{NOW, after, ended, lead, notice, persona, place_of, reply, said};
use super::dump;
use super::people::{ANNA, BORIS, BOT, DIMA, EGOR, GALYA, GROUP, PEOPLE, VERA};
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

/// What a release leaves behind when it is killed in the middle of everything.
async fn fill(store: &dyn Store) {
    let past =
        Past { store, avtobus: serve(store, "avtobus", BOT).await, polkson: serve(store, "polkson", BOT + 1).await };
    past.settings().await;
    past.history().await;
    past.ended_jobs().await;
    past.open_jobs().await;
    past.sends().await;
    past.inbox().await;
    past.chats().await;
    console::keys(store).await;
    console::room(store).await;
    console::operators(store).await;
    company(store).await;
}

/// A daemon that has noted itself, and a persona that was moved to it.
async fn company(store: &dyn Store) {
    let name = DaemonName::parse("machine").unwrap();
    let seats = [persona("avtobus"), persona("polkson")].map(|persona| persona.at(TransportKind::Telegram));
    let id = DaemonId("machine:1".to_owned());
    store.beat(&Heartbeat { id, name: name.clone(), seats: seats.into(), first: true }).await.unwrap();
    store.place(&persona("polkson"), Some(&name)).await.unwrap();
}

async fn serve(store: &dyn Store, name: &str, bot: i64) -> Lease {
    store.take_over(&persona(name), TransportKind::Telegram, BotId(bot)).await.unwrap();
    store
        .take(&persona(name), TransportKind::Telegram, "machine:1", NOW)
        .await
        .unwrap()
        .expect("nobody else is here")
        .lease
}

/// A daemon's life, by hand.
struct Past<'a> {
    store: &'a dyn Store,
    avtobus: Lease,
    polkson: Lease,
}

impl Past<'_> {
    fn lease(&self, place: &Conversation) -> &Lease {
        if place.persona == self.avtobus.persona { &self.avtobus } else { &self.polkson }
    }

    async fn apply(&self, effects: Vec<Effect>) {
        static LAST: AtomicI64 = AtomicI64::new(1000);
        let update_id = LAST.fetch_add(1, Ordering::Relaxed);
        let raw = RawUpdate { update_id, chat: None, raw: "{}".to_owned() };
        self.store.accept(BotId(BOT), &[raw], NOW).await.unwrap();
        let routed = Routed { bot: BotId(BOT), update_id, outcome: "untriggered", effects };
        assert!(self.store.apply(&self.avtobus, &[routed], NOW).await.unwrap() == 1);
    }

    async fn settings(&self) {
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
        self.apply(effects).await;
        let paused = place("polkson", -777, None).key();
        self.store.pause(&paused, NOW, after(30)).await.unwrap();
    }

    /// Chats that are known by a title.
    async fn chats(&self) {
        let group = KnownChat {
            key: place("avtobus", GROUP, None).key(),
            kind: ChatKind::Group,
            title: "Друзья «Ёлки»".to_owned(),
            last_at: NOW,
        };
        let anna = place("avtobus", ANNA, None).key();
        let anna =
            KnownChat { key: anna, kind: ChatKind::Private, title: "Анна O'Нил".to_owned(), ..group.clone() };
        self.apply(vec![Effect::Meet(group), Effect::Meet(anna)]).await;
    }

    async fn history(&self) {
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
        for (user, name) in PEOPLE {
            messages.extend(
                [10, 11].map(|id| by(said(&place("avtobus", user, None), id, "привет, как дела?"), user, name)),
            );
        }
        messages.extend((20..26).map(|id| by(said(&group, id, "автобус, а что скажешь?"), ANNA, "Анна O'Нил")));
        messages
            .extend((30..33).map(|id| by(said(&place("avtobus", GROUP, Some(7)), id, "бас, ответь"), BORIS, "Борис")));
        self.apply(messages.into_iter().map(Effect::Remember).collect()).await;
    }

    async fn enqueue(&self, new: NewJob) -> JobId {
        let (place, message) = (new.conversation.clone(), new.message);
        self.apply(vec![Effect::Enqueue(new)]).await;
        let pending = self.store.pending(&place, 100).await.unwrap();
        pending.into_iter().find(|job| job.message == message).unwrap().id
    }

    async fn claim(&self, place: &Conversation, claim: Claim) {
        assert!(self.store.claim(self.lease(place), &claim, NOW).await.unwrap());
    }

    async fn ready(&self, place: &Conversation, job: JobId, text: &str) {
        self.store.ready(self.lease(place), job, &reply(text), NOW).await.unwrap();
    }

    /// A job whose reply waits to be sent.
    async fn answered(&self, place: &Conversation, message: i64, sender: i64) -> JobId {
        let job = self.enqueue(job(place, message, sender, Trigger::Name)).await;
        self.claim(place, lead(job)).await;
        self.ready(place, job, "ответ готов и ждёт отправки").await;
        job
    }

    /// A finished job of every outcome.
    async fn ended_jobs(&self) {
        let group = place("polkson", GROUP, None);
        for (message, outcome) in (100..).zip(Outcome::ALL) {
            let job = self.answered(&group, message, ANNA).await;
            let reason = (!outcome.is_delivered()).then(|| "why it ended so".to_owned());
            let delivered = outcome
                .is_delivered()
                .then(|| HistoryMessage { author: Author::Persona, ..said(&group, message + 50, "сказано") });
            self.store.finish(&self.polkson, &Finish { reason, delivered, ..ended(job, outcome) }).await.unwrap();
        }
    }

    /// Unfinished jobs in every state, alone and sharing a reply, in conversations of their own.
    async fn open_jobs(&self) {
        let private = |user| place("avtobus", user, None);
        self.enqueue(job(&private(ANNA), 10, ANNA, Trigger::Private)).await;
        let running = self.enqueue(job(&private(BORIS), 10, BORIS, Trigger::Private)).await;
        self.claim(&private(BORIS), lead(running)).await;
        self.answered(&private(VERA), 10, VERA).await;

        let topic = place("avtobus", GROUP, Some(7));
        let first = self.enqueue(job(&topic, 30, BORIS, Trigger::Name)).await;
        let second = self.enqueue(job(&topic, 31, BORIS, Trigger::Name)).await;
        self.claim(&topic, Claim { shared: vec![first], ..lead(second) }).await;

        let group = place("avtobus", GROUP, None);
        let first = self.enqueue(job(&group, 20, ANNA, Trigger::Mention)).await;
        let second = self.enqueue(job(&group, 21, ANNA, Trigger::Name)).await;
        self.claim(&group, Claim { shared: vec![first], ..lead(second) }).await;
        self.ready(&group, second, "один ответ на два вопроса").await;
        self.enqueue(job(&group, 22, ANNA, Trigger::Name)).await;
        let told = NewJob { sender: UserId(ANNA), ..notice(&group, 23, "Безумие выключено.") };
        self.apply(vec![Effect::Enqueue(told)]).await;
    }

    /// Replies that were on their way: for the first time, for the second, and one that answers two messages.
    async fn sends(&self) {
        for (user, attempts) in [(GALYA, 1), (EGOR, 2)] {
            let place = place("avtobus", user, None);
            let job = self.answered(&place, 10, user).await;
            for attempt in 1..=attempts {
                if attempt > 1 {
                    self.store.put_back(&self.avtobus, job, Sent::Unknown).await.unwrap();
                }
                assert_eq!(self.store.begin_send(&self.avtobus, job, NOW).await.unwrap(), Some(attempt));
            }
        }
        let topic = place("avtobus", GROUP, Some(8));
        let first = self.enqueue(job(&topic, 40, VERA, Trigger::Name)).await;
        let second = self.enqueue(job(&topic, 41, VERA, Trigger::Name)).await;
        self.claim(&topic, Claim { shared: vec![first], ..lead(second) }).await;
        self.ready(&topic, second, "на пути к двоим").await;
        assert_eq!(self.store.begin_send(&self.avtobus, second, NOW).await.unwrap(), Some(1));
    }

    /// One update that was routed, one that was not.
    async fn inbox(&self) {
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
        assert_eq!(self.store.accept(BotId(BOT), &updates, NOW).await.unwrap(), 2);
        let routed = Routed { bot: BotId(BOT), update_id: 1, outcome: "untriggered", effects: vec![] };
        assert!(self.store.apply(&self.avtobus, &[routed], NOW).await.unwrap() == 1);
    }
}

fn place(name: &str, chat: i64, thread: Option<i64>) -> Conversation {
    let mut place = place_of(name, chat);
    place.chat.thread = thread.map(ThreadId);
    place
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
        request: RequestId::of_update(&place.seat(), message),
        created_at: after(message),
    }
}
