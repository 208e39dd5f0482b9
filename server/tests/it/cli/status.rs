//! `status`: of a running daemon, of one that doesn't run, and of one that can't be asked.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use maskarad::store::{self, Location};
use maskarad_testbed::{BotSpec, Testbed, UserSpec};

use super::{Run, command};
use crate::support::host::{Host, SOON, persona};

fn status(folder: &Path, listen: &str, more: &[&str]) -> Run {
    let mut command = command(&[&["status"], more].concat());
    command.env("MASKARAD_HTTP_LISTEN", listen).current_dir(folder).stdin(Stdio::null());
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_daemon_tells_how_it_fares() {
    let folder = tempfile::tempdir().unwrap();
    let tg = Testbed::start().await.unwrap();
    let bot = tg.add_bot(BotSpec::new("avtobus_bot"));
    let anna = tg.add_user(UserSpec::new("Анна"));
    let location = Location::Sqlite(folder.path().join("maskarad.db"));
    let store = store::open(&location).await.unwrap();
    let host = Host::start(&tg, store, vec![persona("avtobus", &bot, "generation: { max_new_tokens: 8 }\n")]).await;
    let message = anna.writes_private(&bot, "очень тайное слово");
    tg.wait_answer(message, SOON).await.unwrap();
    let address = host.address.to_string();
    let shown = loop {
        let run = status(folder.path(), &address, &[]);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
        // The reply is counted a moment after it has arrived.
        if run.stdout.contains("1 (0.0/min)") {
            break run.stdout;
        }
    };
    assert!(shown.starts_with("ready, maskarad 0.") && shown.contains("polling"), "{shown}");
    assert!(shown.contains("LAST ERROR") && shown.contains("none") && !shown.contains('?'), "{shown}");
    assert!(!shown.contains("тайное") && !shown.contains(&bot.token()));
    let json = status(folder.path(), &address, &["--json"]);
    let said: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&said["work"]["avtobus"]["chats"], &said["status"]), (&1.into(), &"ready".into()), "{said}");
    assert!(said["work"]["avtobus"]["weights"]["base_bytes"].as_u64() > Some(1 << 20), "{said}");
    host.stop().await;
    let stopped = status(folder.path(), &address, &[]);
    assert_eq!(stopped.code, Some(1));
    assert!(stopped.stdout.starts_with("unknown\n") && stopped.stdout.contains("1 (0.0/min)"), "{}", stopped.stdout);
    assert!(stopped.stderr.contains("No daemon answers at 127.0.0.1:"), "{}", stopped.stderr);
}

#[test]
fn watching_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = command(&["status", "--watch", "--json"]).current_dir(folder.path()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().take(2);
    let lines: Vec<String> = lines.map(Result::unwrap).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(lines.len() == 2 && lines.iter().all(|line| line.contains(r#""status":"unknown""#)), "{lines:?}");
}

#[test]
fn a_daemon_that_listens_nowhere_is_told_how_to() {
    let folder = tempfile::tempdir().unwrap();
    let run = status(folder.path(), "", &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("http: { listen: 127.0.0.1:8443 }") && run.stdout.contains("no persona is known"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "it makes no database");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_no_daemon() {
    let folder = tempfile::tempdir().unwrap();
    let tg = Testbed::start().await.unwrap();
    let run = status(folder.path(), tg.api_url().trim_start_matches("http://"), &[]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("isn't this release of Maskarad"), "{}", run.stderr);
}
