//! Databases of former releases: the fixtures in `server/tests/fixtures/schema`, one for each migration, are opened by this
//! release, lose nothing, and what was under way in them is taken up.

mod dump;
mod make;
mod people;

pub(super) use dump::latest_migration;

use maskarad::chat::TransportKind;
use maskarad_testbed::{Bot, BotSpec, Group, Testbed, User, UserSpec};

use super::fixtures::persona as named;
use crate::support::contents::{rows, tables};
use crate::support::database::{Backend, TestDatabase, column};
use crate::support::host::{Host, SOON, persona, settled};
use people::{ANNA, BORIS, BOT, DIMA, EGOR, GALYA, GROUP, VERA};

const BACKENDS: [Backend; 2] = [Backend::Sqlite, Backend::Postgres];

pub(super) fn fixture(version: u32, backend: Backend) -> String {
    let path = dump::file(version, backend);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}; its README tells more", path.display()))
}

#[test]
fn every_migration_has_its_fixtures() {
    for backend in BACKENDS {
        let without: Vec<u32> =
            dump::migrations().into_iter().filter(|version| !dump::file(*version, backend).is_file()).collect();
        assert!(
            without.is_empty(),
            "{without:?} have none for {backend:?}: see {}/README.md",
            dump::folder().display()
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_former_release_s_database_keeps_every_row() {
    for version in dump::migrations() {
        for backend in BACKENDS {
            let mut before = Vec::new();
            let look = async |url: &str| before = rows(backend, url, &tables(backend, url).await).await;
            let Some(database) = TestDatabase::from_dump(backend, &fixture(version, backend), look).await else {
                continue;
            };
            assert!(before.len() > 40, "{before:?}");
            let url = database.url();
            // Only the columns that were there: later migrations add their own.
            let columns = column_lists(&before);
            assert_eq!(rows(backend, url, &columns).await, before, "of {version} on {backend:?}");
            let latest = column(backend, url, "select cast(max(version) as text) from _sqlx_migrations").await;
            assert_eq!(latest, [Some(dump::latest_migration().to_string())]);
        }
    }
}

/// The tables and columns that these rows are of.
fn column_lists(rows: &[String]) -> Vec<(String, Vec<String>)> {
    let mut lists: Vec<(String, Vec<String>)> = Vec::new();
    for row in rows {
        let (table, rest) = row.split_once('(').unwrap();
        let (columns, _) = rest.split_once("): ").unwrap();
        if lists.iter().all(|(known, _)| known != table) {
            lists.push((table.to_owned(), columns.split(',').map(str::to_owned).collect()));
        }
    }
    lists
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_former_release_left_unfinished_is_answered() {
    for version in dump::migrations() {
        for backend in BACKENDS {
            let cast = Cast::new().await;
            let dump = cast.rename(&fixture(version, backend));
            let Some(database) = TestDatabase::from_dump(backend, &dump, async |_| ()).await else { continue };
            taken_up(version, &cast, database).await;
        }
    }
}

/// The people of the fixture, in the emulator.
pub(super) struct Cast {
    tg: Testbed,
    bot: Bot,
    group: Group,
    people: Vec<(i64, User)>,
}

impl Cast {
    pub(super) async fn new() -> Self {
        let tg = Testbed::start().await.unwrap();
        let bot = tg.add_bot(
            BotSpec::new("avtobus_bot").privacy(false).token(&format!("{BOT}:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0")),
        );
        let people: Vec<_> =
            [ANNA, BORIS, VERA, DIMA, GALYA, EGOR].map(|id| (id, tg.add_user(UserSpec::new("Кто-то")))).into();
        let group = tg.add_forum("Друзья");
        group.add_bot(&bot, &people[0].1);
        for (_, user) in &people {
            user.opens_chat(&bot);
        }
        Self { tg, bot, group, people }
    }

    /// The fixture with the emulator's numbers, its topics too.
    pub(super) fn rename(&self, dump: &str) -> String {
        let [seven, eight] = ["семь", "восемь"].map(|name| self.group.add_topic(name));
        let mut dump = dump.to_owned();
        for (thread, topic) in [(7, seven), (8, eight)] {
            for comma in [",", ", "] {
                dump =
                    dump.replace(&format!("{GROUP}{comma}{thread}{comma}"), &format!("{GROUP}{comma}{topic}{comma}"));
            }
        }
        dump = dump.replace(&GROUP.to_string(), &self.group.id().to_string());
        for (id, user) in &self.people {
            dump = dump.replace(&id.to_string(), &user.id().to_string());
        }
        dump
    }

    fn user(&self, id: i64) -> &User {
        self.people.iter().find(|(known, _)| *known == id).map(|(_, user)| user).unwrap()
    }
}

/// A daemon answers what is unfinished, and goes on.
pub(super) async fn taken_up(version: u32, cast: &Cast, database: TestDatabase) {
    let manifest = "triggers: { names: [автобус] }\ngeneration: { max_new_tokens: 8 }\n";
    let host = Host::start(&cast.tg, database.shared(), vec![persona("avtobus", &cast.bot, manifest)]).await;
    let open = "select cast(id as text) || ' ' || state from jobs where persona = 'avtobus' and state <> 'done'
                union all select raw from inbox where routed_at is null";
    let deadline = tokio::time::Instant::now() + SOON;
    while !database.sql(open).await.is_empty() {
        assert!(tokio::time::Instant::now() < deadline, "{version}: {:?}", database.sql(open).await);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let sent = settled(&cast.tg, &cast.bot).await;
    let to = |id: i64| sent.iter().filter(|sent| sent.chat_id.0 == cast.user(id).id().0).count();
    for id in [ANNA, BORIS, VERA, DIMA] {
        assert_eq!(to(id), 1, "{version}: {id} in {:?}", told(&database).await);
    }
    let text = |text: &str| sent.iter().filter(|sent| sent.text == text).count();
    for once in ["один ответ на два вопроса", "Безумие выключено."] {
        assert_eq!(text(once), 1, "{version}: {once} in {sent:?}");
    }
    let fates = database.sql("select distinct outcome from jobs where persona = 'avtobus' order by 1").await;
    let mut expected = vec!["answered", "shared"];
    if version >= 2 {
        assert_eq!((to(GALYA), text("на пути к двоим")), (1, 1), "of unknown outcome once: sent again");
        assert_eq!(to(EGOR), 0, "of unknown outcome twice");
        expected.push("unknown");
    }
    assert_eq!(fates.into_iter().flatten().collect::<Vec<_>>(), expected, "{version}");
    goes_on(cast, &database).await;
    host.stop().await;
}

/// What became of everything, for failures.
async fn told(database: &TestDatabase) -> Vec<Option<String>> {
    let sql =
        "select cast(chat_id as text) || ' ' || state || ' ' || coalesce(outcome, '') || coalesce(reason, '') from jobs
               union all select raw || coalesce(outcome, '') from inbox";
    database.sql(sql).await
}

/// The conversation goes on with what was said before.
async fn goes_on(cast: &Cast, database: &TestDatabase) {
    let message = cast.user(ANNA).writes(&cast.group, "автобус, помнишь меня?");
    cast.tg.wait_answer(message, SOON).await.unwrap();
    let blocked = database.store().is_blocked(&named("avtobus"), maskarad::chat::UserId(666)).await.unwrap();
    let key = maskarad::chat::ChatKey {
        persona: named("avtobus"),
        transport: TransportKind::Telegram,
        chat: maskarad::chat::ChatId(cast.group.id().0),
    };
    let settings = database.store().settings(&key).await.unwrap().unwrap();
    assert!(blocked && settings.context_length == Some(9) && settings.former_id.is_some(), "{settings:?}");
}
