//! Updates of every kind and none: real samples, unknown, huge and malformed ones. The daemon outlives them all, leaves
//! none unrouted, and keeps every text as it came.

mod malformed;
mod samples;

use std::time::Duration;

use maskarad::lifecycle::Ended;
use maskarad_testbed::{Bot, BotSpec, Testbed, User, UserSpec};
use serde_json::{Value, json};

use crate::support::database::TestDatabase;
use crate::support::host::{Host, SOON, persona};

/// One bot, one person, one daemon.
struct Scene {
    tg: Testbed,
    bot: Bot,
    anna: User,
    host: Host,
    database: TestDatabase,
}

impl Scene {
    async fn new(database: TestDatabase) -> Self {
        let tg = Testbed::start().await.unwrap();
        let bot = tg.add_bot(BotSpec::new("helper_bot").privacy(false));
        let anna = tg.add_user(UserSpec::new("Анна"));
        let personas = vec![persona("helper", &bot, "generation: { max_new_tokens: 4 }\n")];
        let host = Host::start(&tg, database.shared(), personas).await;
        Self { tg, bot, anna, host, database }
    }

    /// The daemon is alive and well: a private message gets its answer.
    async fn answers(&self) {
        let message = self.anna.writes_private(&self.bot, "ты ещё здесь?");
        self.tg.wait_answer(message, SOON).await.expect("the daemon answers");
    }

    /// It answers, and ends as it should: no task of it has died.
    async fn ends_well(self) {
        self.answers().await;
        assert_eq!(self.host.stop().await, Ended::Cleanly);
    }

    /// Waits until the inbox holds so many updates and all are routed.
    async fn routed(&self, count: usize) {
        let sql = "select cast(count(*) as text) || ' of ' || cast(count(routed_at) as text) from inbox";
        let wanted = format!("{count} of {count}");
        let deadline = tokio::time::Instant::now() + SOON;
        loop {
            let found = self.database.sql(sql).await;
            if found == [Some(wanted.clone())] {
                return;
            }
            assert!(tokio::time::Instant::now() < deadline, "{found:?}, not {wanted}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// No update of the inbox was given up: each was understood, or seen to be unreadable.
    async fn none_failed(&self) {
        assert_eq!(self.database.sql("select raw from inbox where outcome = 'failed'").await, []);
    }

    async fn outcomes(&self) -> Vec<String> {
        self.database.sql("select outcome from inbox order by seq").await.into_iter().map(Option::unwrap).collect()
    }
}

/// A message that is too old to be answered.
fn old_message(id: i64, text: &str) -> Value {
    json!({
        "message_id": id, "date": 1_700_000_000, "text": text,
        "chat": { "id": 4001, "type": "private", "first_name": "Пётр" },
        "from": { "id": 4001, "is_bot": false, "first_name": "Пётр" },
    })
}
