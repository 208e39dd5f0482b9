//! A furnished chat with a daemon, and a watch over what changes in it.

use maskarad::chat::{
    ChatId, ChatKind, ChatRef, Conversation, Language, MessageId, PersonaName, TransportKind, UserId,
};
use maskarad::request::RequestId;
use maskarad::store::{
    Author, BotId, ChatSettings, Claim, Effect, HistoryMessage, Lease, NewJob, Outcome, RawUpdate, Reply, Routed,
};
use maskarad::trigger::Trigger;
use maskarad_testbed::{BotSpec, Group, Testbed, UpdateIds, UserSpec};
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime};

use super::super::scene::{Scene, sqlite};
use crate::support::contents::{rows, tables};
use crate::support::host::{Host, SOON};

/// A chat, and who is who in it.
pub(super) struct Place {
    pub(super) chat: Value,
    pub(super) thread: Option<i64>,
    pub(super) admin: Value,
    pub(super) member: Value,
    pub(super) demoted: Value,
    pub(super) stranger: Value,
}

/// What makes a command somebody's who may not give it: changes to an administrator's own message.
pub(super) type Forgery = fn(&Place, &mut Map<String, Value>);

pub(super) fn person(id: i64, name: &str) -> Value {
    json!({"id": id, "is_bot": false, "first_name": name, "language_code": "ru"})
}

impl Place {
    /// The command as an administrator gives it.
    fn command(&self, id: i64, command: &str) -> Map<String, Value> {
        let length = command.split(' ').next().unwrap().len();
        let message = json!({
            "message_id": id, "date": OffsetDateTime::now_utc().unix_timestamp(), "chat": self.chat, "from": self.admin,
            "text": command, "entities": [{"type": "bot_command", "offset": 0, "length": length}],
        });
        let Value::Object(mut message) = message else { unreachable!() };
        if let Some(thread) = self.thread {
            message.extend([
                ("message_thread_id".to_owned(), json!(thread)),
                ("is_topic_message".to_owned(), json!(true)),
            ]);
        }
        message
    }

    fn conversation(&self) -> Conversation {
        let chat = ChatRef {
            transport: TransportKind::Telegram,
            id: ChatId(self.chat["id"].as_i64().unwrap()),
            thread: self.thread.map(maskarad::chat::ThreadId),
        };
        Conversation { persona: PersonaName::parse("avtobus").unwrap(), chat }
    }
}

/// Gives the chat everything that a command could change, before any daemon runs. It is paused, so that one reply can't leave,
/// and the job behind it waits.
async fn furnish(scene: &Scene, place: &Place) {
    let (store, now, conversation) = (scene.database.store(), OffsetDateTime::now_utc(), place.conversation());
    let settings = ChatSettings {
        insanity: Some(false),
        chance: Some(0.0),
        context_length: Some(3),
        language: Some(Language::Ru),
        quiet_until: Some(now + Duration::days(3)),
        ..ChatSettings::default()
    };
    let message = |id| HistoryMessage {
        conversation: conversation.clone(),
        id: MessageId(id),
        author: Author::Other { id: UserId(501), name: "Анна".to_owned() },
        text: "автобус, важное".to_owned(),
        sent_at: now,
        reply_to: None,
    };
    let job = |id| NewJob {
        conversation: conversation.clone(),
        chat_kind: ChatKind::Group,
        message: MessageId(id),
        sender: UserId(501),
        trigger: Trigger::Name,
        seed: 1,
        notice: None,
        request: RequestId::of_update(&conversation.seat(), 1),
        created_at: now,
    };
    let effects = vec![
        Effect::Settings(conversation.key(), settings),
        Effect::Remember(message(1)),
        Effect::Remember(message(2)),
        Effect::Enqueue(job(1)),
        Effect::Enqueue(job(2)),
        Effect::Block { persona: conversation.persona.clone(), user: UserId(666), blocked: true },
    ];
    let (bot, update_id) = (BotId(scene.bot.id().0), 1);
    store.accept(bot, &[RawUpdate { update_id, chat: None, raw: "{}".to_owned() }], now).await.unwrap();
    let lease = Lease::before_the_first(conversation.persona.clone(), TransportKind::Telegram);
    let routed = Routed { bot, update_id, outcome: "tested", effects };
    assert_eq!(store.apply(&lease, &[routed], now).await.unwrap(), 1);
    let first = store.pending(&conversation, 1).await.unwrap().remove(0).id;
    let claim = Claim { lead: first, shared: Vec::new(), coalesced: Vec::new() };
    assert!(store.claim(&lease, &claim, now).await.unwrap());
    let reply = Reply { text: "уже готово".to_owned(), outcome: Outcome::Answered, reason: None };
    store.ready(&lease, first, &reply, now).await.unwrap();
    store.pause(&conversation.key(), now, now + Duration::days(3)).await.unwrap();
}

/// Everything that was there before.
async fn state(scene: &Scene) -> Vec<String> {
    let (backend, url) = (scene.database.backend(), scene.database.url());
    let mut state = rows(backend, url, &tables(backend, url).await).await;
    state.retain(|row| ["chats(", "blocks(", "messages(", "jobs("].iter().any(|table| row.starts_with(table)));
    state
}

/// Sends an update and waits until it is routed.
async fn routed(scene: &Scene, updates: Vec<Value>) {
    for update in updates {
        scene.bot.push_update(update, UpdateIds::Assign);
    }
    scene.tg.wait_confirmed(&scene.bot, SOON).await.unwrap();
    let deadline = tokio::time::Instant::now() + SOON;
    while !scene.database.sql("select raw from inbox where routed_at is null").await.is_empty() {
        assert!(tokio::time::Instant::now() < deadline, "some updates are never routed");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

/// A daemon at work in this place, owned by somebody who never writes.
pub(super) struct Stage {
    pub(super) scene: Scene,
    pub(super) place: Place,
    pub(super) host: Host,
    next: i64,
}

impl Stage {
    pub(super) async fn new(group: impl FnOnce(&Testbed) -> Group, topic: bool) -> Self {
        let bot = BotSpec::new("avtobus_bot").privacy(false);
        let scene = Scene::with(sqlite().await, bot, group).await;
        let stranger = scene.tg.add_user(UserSpec::new("Чужой"));
        let [admin, member, demoted, stranger] =
            [&scene.anna, &scene.boris, &scene.vera, &stranger].map(|user| person(user.id().0, "Кто-то"));
        scene.group.promote(&scene.vera);
        scene.group.demote(&scene.vera);
        let kind = if scene.group.id().0 < -1_000_000_000_000 { "supergroup" } else { "group" };
        let mut chat = json!({"id": scene.group.id(), "type": kind, "title": "Группа"});
        let thread = topic.then(|| scene.group.add_topic("тема").0);
        if topic {
            chat["is_forum"] = json!(true);
        }
        let place = Place { chat, thread, admin, member, demoted, stranger };
        Self::furnished(scene, place).await
    }

    pub(super) async fn furnished(scene: Scene, place: Place) -> Self {
        furnish(&scene, &place).await;
        let host = scene.host("owner: 424242\n").await;
        routed(&scene, Vec::new()).await;
        Self { scene, place, host, next: 1000 }
    }

    fn updates(&mut self, commands: &[&str], kind: &str, forge: Forgery) -> Vec<Value> {
        let update = |command: &&str| {
            self.next += 1;
            let mut message = self.place.command(self.next, command);
            forge(&self.place, &mut message);
            json!({"update_id": 0, kind: message})
        };
        commands.iter().map(update).collect()
    }

    /// Tries these commands so, and asserts that nothing of the chat has changed.
    pub(super) async fn tries(&mut self, whom: &str, commands: &[&str], kind: &str, forge: Forgery) {
        let before = state(&self.scene).await;
        let updates = self.updates(commands, kind, forge);
        routed(&self.scene, updates).await;
        let after = state(&self.scene).await;
        let missing: Vec<_> = before.iter().filter(|row| !after.contains(row)).collect();
        assert!(missing.is_empty(), "{whom}: {missing:#?}");
        let new: Vec<_> = after.iter().filter(|row| !before.contains(row)).collect();
        // Words are remembered, refusals are told, and in private every message is answered.
        let private = self.place.chat["type"] == "private";
        let is_job = |row: &str| row.starts_with("jobs(") && (private || row.contains("| ready |"));
        let allowed = |row: &str| row.starts_with("messages(") || is_job(row);
        assert!(new.iter().all(|row| allowed(row)), "{whom}: {new:#?}");
    }

    pub(super) async fn obeys(&mut self, command: &str) {
        let before = state(&self.scene).await;
        let updates = self.updates(&[command], "message", |_, _| ());
        routed(&self.scene, updates).await;
        let after = state(&self.scene).await;
        assert!(before.iter().any(|row| !after.contains(row)), "{command} changes something where it may");
    }
}
