//! Two daemons on one database: one serves, the other stands by and takes over, with nothing lost.

use std::time::{Duration, Instant};

use super::{Daemon, Stage};
use crate::support::database::{TestDatabase, on_both};
use crate::support::host::settled;

on_both!(a_standby_takes_over_from_a_killed_daemon, a_standby_takes_over_from_a_stopped_daemon);

/// How long a takeover may take.
const TAKE_OVER: Duration = Duration::from_secs(30);

/// A daemon that serves, and one that stands by.
async fn two_daemons(stage: &Stage, database: &TestDatabase) -> [Daemon; 2] {
    let target = if database.url().starts_with("postgres") { "DATABASE_URL" } else { "MASKARAD_STORE_PATH" };
    let first = stage.serve(&[(target, database.url())]);
    stage.answers(0, &first).await;
    let second = stage.serve(&[(target, database.url())]);
    second.says("standing by").await;
    stage.answers(0, &second).await;
    assert!(!first.log().contains("somebody else polls"), "a standby doesn't poll\n{}", first.log());
    [first, second]
}

async fn a_standby_takes_over_from_a_killed_daemon(database: TestDatabase) {
    let stage = Stage::new().await;
    let [mut first, second] = two_daemons(&stage, &database).await;
    let mut messages = stage.everybody_writes("расскажи что-нибудь");
    while database.sql("select state from jobs where state in ('running', 'ready', 'sending')").await.is_empty() {
        assert!(first.child.try_wait().unwrap().is_none(), "{}", first.tail());
    }
    first.child.kill().unwrap();
    let killed = Instant::now();
    messages.extend(stage.everybody_writes("ты жив?"));
    stage.answers(1, &second).await;
    println!("first reply {:?} after the kill", killed.elapsed());
    assert!(killed.elapsed() < TAKE_OVER, "{:?}\n{}", killed.elapsed(), second.tail());
    for message in &messages[messages.len() / 2..] {
        stage.answered(&[*message], &second).await;
    }
    settled(&stage.tg, &stage.bots[0]).await;
    let left = database.sql("select state || coalesce(outcome, '') from jobs where outcome not in ('answered', 'shared') or outcome is null").await;
    assert_eq!(left, [], "every message is answered, alone or with a later one");
}

async fn a_standby_takes_over_from_a_stopped_daemon(database: TestDatabase) {
    let stage = Stage::new().await;
    let [mut first, second] = two_daemons(&stage, &database).await;
    let messages = stage.everybody_writes("расскажи что-нибудь");
    first.signal("TERM");
    assert_eq!(first.ends_within(15).await.code(), Some(0), "{}", first.log());
    let stopped = Instant::now();
    stage.answered(&messages, &second).await;
    stage.answers(1, &second).await;
    println!("first reply {:?} after the stop", stopped.elapsed());
    settled(&stage.tg, &stage.bots[0]).await;
    for message in &messages {
        assert_eq!(stage.tg.answers_to(*message).len(), 1, "each once");
    }
}
