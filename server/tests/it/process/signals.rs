//! SIGTERM finishes what is under way; a second one doesn't wait.

use std::time::Duration;

use maskarad_testbed::{Fault, FaultSpec};

use super::Stage;
use crate::support::host::SOON;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_finishes_the_replies_under_way() {
    let stage = Stage::new().await;
    let mut daemon = stage.serve(&[]);
    daemon.says("the store is open").await;
    stage.answers(0, &daemon).await;
    println!("first answer {:?} after the start (debug build), {} MiB", daemon.started.elapsed(), daemon.memory());
    let typed = stage.bots[0].chat_actions().len();
    let messages = stage.everybody_writes("расскажи что-нибудь длинное");
    let under_way = |tg: &maskarad_testbed::Testbed| {
        stage.bots[0].chat_actions().len() >= typed + messages.len() || tg.sent_count(&stage.bots[0]) > messages.len()
    };
    stage.tg.wait_until(SOON, under_way).await.unwrap();
    daemon.signal("TERM");
    let status = daemon.ends_within(15).await;
    assert_eq!(status.code(), Some(0), "{}", daemon.log());
    for message in &messages {
        assert_eq!(stage.tg.answers_to(*message).len(), 1, "{message:?}\n{}", daemon.log());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_daemon_ends_at_once() {
    let stage = Stage::new().await;
    for signal in ["TERM", "INT"] {
        let mut daemon = stage.serve(&[]);
        stage.answers(1, &daemon).await;
        daemon.signal(signal);
        assert_eq!(daemon.ends_within(3).await.code(), Some(0), "{}", daemon.log());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_sigterm_does_not_wait() {
    let stage = Stage::new().await;
    let mut daemon = stage.serve(&[]);
    stage.answers(0, &daemon).await;
    let slow = stage.tg.fault(FaultSpec::new(Fault::Slow(SOON)).method("sendMessage"));
    stage.everybody_writes("привет");
    stage.tg.wait_until(SOON, |_| slow.fired() > 0).await.unwrap();
    daemon.signal("TERM");
    daemon.says("stopping").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(daemon.child.try_wait().unwrap().is_none(), "it waits for the reply\n{}", daemon.log());
    daemon.signal("TERM");
    assert_eq!(daemon.ends_within(3).await.code(), Some(1), "{}", daemon.log());
    assert!(daemon.log().contains("a second signal"), "{}", daemon.log());
}
