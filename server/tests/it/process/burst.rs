//! A burst of updates over many chats: memory stays bounded, intake goes on, nobody who addressed the persona is dropped, and
//! every chat keeps its order.
//!
//! The suite runs a short burst; `make burst` the long one, 100,000 updates over 1,000 chats, and prints its figures.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use maskarad_testbed::{Bot, Group, MessageRef, Sent, Testbed, User, UserSpec};

use super::{Daemon, Stage};
use crate::support::database::{Backend, TestDatabase};

/// How big a burst is.
#[derive(Clone, Copy)]
struct Size {
    chats: usize,
    messages_per_chat: usize,
    patience: Duration,
}

const SHORT: Size = Size { chats: 60, messages_per_chat: 50, patience: Duration::from_secs(120) };
const LONG: Size = Size { chats: 1000, messages_per_chat: 100, patience: Duration::from_secs(1800) };

/// Every so many messages of a group one mentions the persona.
const MENTION_EVERY: usize = 20;
/// People who write in one group.
const PEOPLE: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_on_sqlite() {
    burst(Backend::Sqlite, SHORT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_on_postgres() {
    burst(Backend::Postgres, SHORT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes many minutes; make burst runs it"]
async fn long_burst_on_sqlite() {
    burst(Backend::Sqlite, LONG).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes many minutes; make burst runs it"]
async fn long_burst_on_postgres() {
    burst(Backend::Postgres, LONG).await;
}

/// Somebody's message that must be answered, alone or with a later one of theirs.
struct Addressed {
    by: usize,
    chat: usize,
    message: MessageRef,
}

/// Who writes where.
struct Crowd {
    people: Vec<User>,
    groups: Vec<Group>,
}

impl Crowd {
    /// Half of the chats are private, half are groups in insanity mode.
    fn gather(tg: &Testbed, bot: &Bot, chats: usize) -> Self {
        let people: Vec<User> = (0..(chats / 2).max(PEOPLE))
            .map(|number| tg.add_user(UserSpec::new(&format!("Человек {number}"))))
            .collect();
        let groups = (0..chats / 2).map(|number| {
            let group = tg.add_supergroup(&format!("Группа {number}"));
            group.add_bot(bot, &people[0]);
            group
        });
        let groups = groups.collect();
        Self { people, groups }
    }

    /// Everybody writes everywhere, round after round.
    fn write(&self, bot: &Bot, size: Size) -> Vec<Addressed> {
        let mut addressed = Vec::new();
        for round in 0..size.messages_per_chat {
            for chat in 0..size.chats / 2 {
                let message = self.people[chat].writes_private(bot, &format!("личное {round}"));
                addressed.push(Addressed { by: chat, chat, message });
                let by = (chat + round) % PEOPLE;
                if (chat + round) % MENTION_EVERY == 0 {
                    let text = format!("@{} вопрос {round}", bot.username());
                    let message = self.people[by].writes(&self.groups[chat], &text);
                    addressed.push(Addressed { by, chat: size.chats + chat, message });
                } else {
                    self.people[by].writes(&self.groups[chat], &format!("болтовня {round}"));
                }
            }
        }
        addressed
    }
}

async fn burst(backend: Backend, size: Size) {
    let Some(database) = TestDatabase::new(backend).await else { return };
    let stage = Stage::new().await;
    let model = &stage.model;
    let insane = format!(
        "name: avtobus\ntoken: {{ env: AVTOBUS_TOKEN }}\nmodel: {{ path: {model:?} }}\nchat_defaults: {{ insanity: true }}\n\
         access: {{ per_user_hourly: 1000000, per_chat_hourly: 1000000 }}\n"
    );
    stage.write_manifest_with("avtobus", &insane, 8);
    let bot = &stage.bots[0];
    let crowd = Crowd::gather(&stage.tg, bot, size.chats);
    let addressed = crowd.write(bot, size);
    let target = if database.url().starts_with("postgres") { "DATABASE_URL" } else { "MASKARAD_STORE_PATH" };
    let started = Instant::now();
    let daemon = stage.serve(&[(target, database.url())]);
    let taken = until(size, &daemon, || bot.pending_updates() == 0).await;
    let mut answers = Vec::new();
    until(size, &daemon, || {
        answers = stage.tg.sent_by(bot);
        unanswered(&addressed, &answers) == 0
    })
    .await;
    let answered = started.elapsed();
    none_was_dropped(&database, addressed.len()).await;
    in_order(&answers, &daemon);
    let updates = size.chats * size.messages_per_chat;
    println!(
        "{backend:?}: {updates} updates over {} chats: taken in {taken:.1?} ({:.0}/s), all {} who addressed the persona \
         answered after {answered:.1?} with {} replies, peak {} MiB",
        size.chats,
        updates as f64 / taken.as_secs_f64(),
        addressed.len(),
        answers.len(),
        daemon.peak_memory(),
    );
    assert!(daemon.peak_memory() < 400, "memory is bounded: {} MiB", daemon.peak_memory());
}

async fn until(size: Size, daemon: &Daemon, mut holds: impl FnMut() -> bool) -> Duration {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < size.patience, "it takes too long\n{}", daemon.tail());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    started.elapsed()
}

/// How many got no answer, neither of their own nor to a later message of theirs in the same chat.
fn unanswered(addressed: &[Addressed], answers: &[Sent]) -> usize {
    let by_message: HashMap<_, _> = answers.iter().map(|answer| ((answer.chat_id, answer.reply_to), answer)).collect();
    let mut last: HashMap<(usize, usize), &Addressed> = HashMap::new();
    for one in addressed {
        last.insert((one.chat, one.by), one);
    }
    // Whoever's last message is answered had the earlier ones answered before it or with it.
    last.values().filter(|one| !by_message.contains_key(&(one.message.chat_id, Some(one.message.message_id)))).count()
}

/// Everybody who addressed the persona has a job, and none of these was shed.
async fn none_was_dropped(database: &TestDatabase, addressed: usize) {
    let jobs = "select cast(count(*) as text) from jobs where trigger_kind in ('private', 'mention')";
    assert_eq!(database.sql(jobs).await, [Some(addressed.to_string())]);
    let dropped = format!("{jobs} and outcome not in ('answered', 'fallback', 'shared')");
    assert_eq!(database.sql(&dropped).await, [Some("0".to_owned())]);
}

/// In a private chat each answer is to a later message than the one before.
fn in_order(answers: &[Sent], daemon: &Daemon) {
    let mut last = HashMap::new();
    for answer in answers.iter().filter(|answer| answer.chat_id.0 > 0) {
        let before = last.insert(answer.chat_id, answer.reply_to);
        assert!(before.is_none_or(|before| before < answer.reply_to), "{answer:?}\n{}", daemon.tail());
    }
}
