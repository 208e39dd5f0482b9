//! One persona, one group, a few people: what most stories begin with.

use std::time::Duration;

use maskarad::chat::{ChatKey, PersonaName, TransportKind};
use maskarad_testbed::{Bot, BotSpec, ChatId, Fault, FaultHandle, FaultSpec, Group, MessageRef, Sent, Testbed, User};
use maskarad_testbed::{UserId, UserSpec};

use crate::support::database::{Backend, TestDatabase};
use crate::support::host::{Host, SOON, persona, settled};

/// How long a held answer keeps its chat busy.
pub(super) const HOLD: Duration = Duration::from_millis(1500);

/// A bot that hears everything, in a group whose administrator is Anna.
pub(super) struct Scene {
    pub(super) tg: Testbed,
    pub(super) bot: Bot,
    pub(super) anna: User,
    pub(super) boris: User,
    pub(super) vera: User,
    pub(super) group: Group,
    pub(super) database: TestDatabase,
}

impl Scene {
    pub(super) async fn new(database: TestDatabase) -> Self {
        Self::with(database, BotSpec::new("avtobus_bot").privacy(false), |tg| tg.add_supergroup("Друзья")).await
    }

    pub(super) async fn sqlite() -> Self {
        Self::new(sqlite().await).await
    }

    /// The same with another bot or another kind of group.
    pub(super) async fn with(database: TestDatabase, bot: BotSpec, group: impl FnOnce(&Testbed) -> Group) -> Self {
        let tg = Testbed::start().await.unwrap();
        let bot = tg.add_bot(bot);
        let [anna, boris, vera] = ["Анна", "Борис", "Вера"].map(|name| tg.add_user(UserSpec::new(name)));
        let group = group(&tg);
        for user in [&anna, &boris, &vera] {
            group.join(user);
        }
        group.promote(&anna);
        group.add_bot(&bot, &anna);
        Self { tg, bot, anna, boris, vera, group, database }
    }

    /// A daemon with one persona, `автобус`; `manifest` adds to its manifest.
    pub(super) async fn host(&self, manifest: &str) -> Host {
        Host::start(&self.tg, self.database.shared(), vec![persona("avtobus", &self.bot, &short(manifest))]).await
    }

    /// Waits for the answer to a message.
    pub(super) async fn answer(&self, message: MessageRef) -> Sent {
        self.tg.wait_answer(message, SOON).await.unwrap()
    }

    /// Waits until there is nothing more to come, and asserts that these messages were not answered.
    pub(super) async fn silence(&self, messages: impl IntoIterator<Item = MessageRef>) {
        settled(&self.tg, &self.bot).await;
        self.jobs("id").await;
        for message in messages {
            assert_eq!(self.tg.answers_to(message), [], "nobody should have answered");
        }
    }

    /// Anna gives a command in the group; its answer.
    pub(super) async fn command(&self, command: &str) -> String {
        let (name, argument) = command.split_once(' ').unwrap_or((command, ""));
        let message = self.anna.writes(&self.group, &format!("{name}@{} {argument}", self.bot.username()));
        self.answer(message).await.text
    }

    /// Somebody writes to the persona in private; its answer.
    pub(super) async fn private(&self, user: &User, text: &str) -> String {
        self.answer(user.writes_private(&self.bot, text)).await.text
    }

    /// The next message sent is accepted at once and confirmed late, so that its chat stays busy for [`HOLD`].
    pub(super) fn hold(&self) -> FaultHandle {
        self.tg.fault(FaultSpec::new(Fault::Slow(HOLD)).method("sendMessage").times(1))
    }

    /// A column of all jobs but notices, in their order, once all are done.
    pub(super) async fn jobs(&self, column: &str) -> Vec<String> {
        let deadline = tokio::time::Instant::now() + SOON;
        while !self.database.sql("select state from jobs where state <> 'done'").await.is_empty() {
            assert!(tokio::time::Instant::now() < deadline, "some jobs never ended");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let sql = format!("select cast({column} as text) from jobs where trigger_kind <> 'notice' order by id");
        self.database.sql(&sql).await.into_iter().map(Option::unwrap_or_default).collect()
    }

    /// A chat as the store names it.
    pub(super) fn key(&self, chat: ChatId) -> ChatKey {
        ChatKey {
            persona: PersonaName::parse("avtobus").unwrap(),
            transport: TransportKind::Telegram,
            chat: maskarad::chat::ChatId(chat.0),
        }
    }

    /// Whether the store thinks that a chat takes messages.
    pub(super) async fn is_active(&self, chat: impl Into<ChatId>) -> bool {
        let settings = self.database.store().settings(&self.key(chat.into())).await.unwrap();
        settings.is_none_or(|settings| settings.active)
    }

    /// Waits until a chat is, or isn't, active.
    pub(super) async fn until_active(&self, chat: UserId, active: bool) {
        let deadline = tokio::time::Instant::now() + SOON;
        while self.is_active(chat).await != active {
            assert!(tokio::time::Instant::now() < deadline, "active never became {active}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// An empty SQLite database.
pub(super) async fn sqlite() -> TestDatabase {
    TestDatabase::new(Backend::Sqlite).await.unwrap()
}

/// A manifest that answers shortly and to its name, unless it says otherwise.
pub(super) fn short(manifest: &str) -> String {
    let mut manifest = manifest.to_owned();
    for (key, value) in [("triggers", "{ names: [автобус] }"), ("generation", "{ max_new_tokens: 8 }")] {
        if !manifest.lines().any(|line| line.starts_with(key)) {
            manifest.push_str(&format!("{key}: {value}\n"));
        }
    }
    manifest
}
