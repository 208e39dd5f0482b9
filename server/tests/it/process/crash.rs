//! The process dies, or its files change under it.

use std::fs::OpenOptions;

use super::Stage;
use crate::support::database::{TestDatabase, on_both};
use crate::support::host::{SOON, settled};

on_both!(a_killed_daemon_loses_no_message);

async fn a_killed_daemon_loses_no_message(database: TestDatabase) {
    let stage = Stage::new().await;
    let target = if database.url().starts_with("postgres") { "DATABASE_URL" } else { "MASKARAD_STORE_PATH" };
    let running = async || database.sql("select state from jobs where state = 'running'").await;
    let mut messages = Vec::new();
    // On a busy machine the replies may be there before the kill strikes.
    for attempt in 0.. {
        let mut first = stage.serve(&[(target, database.url())]);
        stage.answers(0, &first).await;
        messages.extend(stage.everybody_writes("расскажи что-нибудь"));
        while running().await.is_empty() {
            assert!(first.started.elapsed() < SOON, "no reply is ever under way\n{}", first.tail());
        }
        first.child.kill().unwrap();
        first.child.wait().unwrap();
        messages.extend(stage.everybody_writes("ты жив?"));
        if !running().await.is_empty() {
            break;
        }
        assert!(attempt < 10, "it was never killed in the middle of a reply");
    }
    let unfinished = database.sql("select cast(chat_id as text) from jobs where state <> 'done'").await;
    let sent = stage.tg.sent_count(&stage.bots[0]);

    let second = stage.serve(&[(target, database.url())]);
    second.says("are taken up").await;
    for user in &stage.people {
        // The newest message of a chat is answered, alone or together with the ones before it.
        let newest = messages.iter().rfind(|message| message.chat_id.0 == user.id().0).unwrap();
        stage.answered(&[*newest], &second).await;
    }
    settled(&stage.tg, &stage.bots[0]).await;
    let open = database.sql("select cast(count(*) as text) from jobs where state <> 'done'").await;
    assert_eq!(open, [Some("0".to_owned())]);
    let jobs =
        database.sql("select cast(message_id as text) from jobs where outcome not in ('answered', 'shared')").await;
    assert_eq!(jobs, [], "every message is answered, alone or with a later one");
    let jobs = database.sql("select cast(count(*) as text) from jobs").await;
    assert_eq!(jobs, [Some((messages.len() + 1).to_string())], "none is lost");
    for message in &messages {
        let answers = stage.tg.answers_to(*message);
        let twice_allowed = unfinished.contains(&Some(message.chat_id.0.to_string()));
        let before = answers.iter().filter(|answer| answer.sequence <= sent_sequence(&stage, sent)).count();
        assert!(answers.len() <= 1 || (twice_allowed && before == 1 && answers.len() == 2), "{message:?}: {answers:?}");
    }
}

/// The sequence number of the last message that was sent before the restart.
fn sent_sequence(stage: &Stage, count: usize) -> u64 {
    stage.tg.sent_by(&stage.bots[0])[count - 1].sequence
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_overwritten_while_serving_kills_nobody() {
    let mut stage = Stage::new().await;
    let copy = stage.folder.path().join("model");
    std::fs::create_dir(&copy).unwrap();
    for entry in std::fs::read_dir(&stage.model).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    stage.model = copy.clone();
    stage.write_manifests();
    let mut daemon = stage.serve(&[]);
    stage.answers(0, &daemon).await;
    for entry in std::fs::read_dir(&copy).unwrap() {
        OpenOptions::new().write(true).open(entry.unwrap().path()).unwrap().set_len(16).unwrap();
    }
    stage.answers(0, &daemon).await;
    stage.answers(1, &daemon).await;
    daemon.signal("TERM");
    assert!(daemon.ends_within(10).await.success(), "{}", daemon.log());
}
