use maskarad::chat::{ChatId, ChatKey, ChatRef, Conversation, MessageId, PersonaName, TransportKind, UserId};
use maskarad::store::{Author, BotId, ChatSettings, Effect, HistoryMessage, Lease, RawUpdate, Routed};
use time::OffsetDateTime;

use super::{Run, maskarad};
use crate::support::database::{Backend, TestDatabase, on_both};

on_both!(what_was_deleted_is_told, nobody_is_asked_without_a_terminal);

fn forget(database: &TestDatabase, arguments: &[&str]) -> Run {
    let variable = match database.backend() {
        Backend::Postgres => "DATABASE_URL",
        Backend::Sqlite => "MASKARAD_STORE_PATH",
    };
    maskarad(&[&["forget"], arguments].concat(), &[(variable, database.url())], "yes\n")
}

/// Somebody said something to Avtobus and to Polkson.
async fn fill(database: &TestDatabase) {
    let now = OffsetDateTime::now_utc();
    for (update_id, name) in [(1, "avtobus"), (2, "polkson")] {
        let persona = PersonaName::parse(name).unwrap();
        let (transport, chat) = (TransportKind::Telegram, ChatId(-700));
        let said = HistoryMessage {
            conversation: Conversation {
                persona: persona.clone(),
                chat: ChatRef { transport, id: chat, thread: None },
            },
            id: MessageId(1),
            author: Author::Other { id: UserId(501), name: "Анна".to_owned() },
            text: "привет".to_owned(),
            sent_at: now,
            reply_to: None,
        };
        let key = ChatKey { persona: persona.clone(), transport, chat };
        let effects = vec![
            Effect::Remember(said),
            Effect::Settings(key, ChatSettings::default()),
            Effect::Block { persona: persona.clone(), user: UserId(501), blocked: true },
        ];
        let raw = RawUpdate { update_id, chat: Some(chat), raw: "{}".to_owned() };
        database.store().accept(BotId(7), &[raw], now).await.unwrap();
        let routed = Routed { bot: BotId(7), update_id, outcome: "tested", effects };
        let lease = Lease::before_the_first(persona, transport);
        assert_eq!(database.store().apply(&lease, &[routed], now).await.unwrap(), 1);
    }
}

async fn count(database: &TestDatabase, table: &str) -> String {
    let sql = format!("select cast(count(*) as text) from {table}");
    database.sql(&sql).await.pop().flatten().unwrap()
}

async fn what_was_deleted_is_told(database: TestDatabase) {
    fill(&database).await;
    let run = forget(&database, &["--user", "501", "--persona", "polkson", "--yes"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let told = |run: &Run, table: &str| {
        let line = run.stdout.lines().find(|line| line.starts_with(table)).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    for (table, rows) in [("updates", "0"), ("messages", "1"), ("jobs", "0"), ("settings", "0"), ("blocks", "1")] {
        assert_eq!(told(&run, table), rows, "{}", run.stdout);
    }
    assert_eq!(
        (count(&database, "messages").await, count(&database, "blocks").await),
        ("1".to_owned(), "1".to_owned())
    );
    let run = forget(&database, &["--chat", "-700", "--yes"]);
    for (table, rows) in [("updates", "2"), ("messages", "1"), ("settings", "2"), ("blocks", "0")] {
        assert_eq!(told(&run, table), rows, "{}", run.stdout);
    }
    assert!(run.stdout.contains("a minute"), "{}", run.stdout);
    assert_eq!((count(&database, "messages").await, count(&database, "chats").await), ("0".to_owned(), "0".to_owned()));
}

async fn nobody_is_asked_without_a_terminal(database: TestDatabase) {
    fill(&database).await;
    let run = forget(&database, &["--user", "501"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("--yes"), "{}", run.stderr);
    assert_eq!(count(&database, "messages").await, "2");
}

#[test]
fn exactly_one_is_forgotten_and_a_database_is_needed() {
    for arguments in
        [&["--yes"][..], &["--user", "5", "--chat", "6"], &["--user", "anna"], &["--user", "5", "--persona", "A B"]]
    {
        assert_eq!(maskarad(&[&["forget"], arguments].concat(), &[], "").code, Some(2), "{arguments:?}");
    }
    let run = maskarad(&["forget", "--chat", "-5", "--yes"], &[], "");
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("maskarad.db: there is no such database"), "{}", run.stderr);
}
