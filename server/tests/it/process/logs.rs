//! The log of the program: who operates it follows one message, and changes what is logged while it runs.

use std::collections::BTreeSet;
use std::path::Path;

use maskarad_testbed::{Fault, FaultSpec};
use serde_json::Value;

use super::{Daemon, Stage};
use crate::support::database::{TestDatabase, on_both};
use crate::support::host::SOON;

impl Stage {
    fn write_settings(&self, text: &str) {
        std::fs::write(self.folder.path().join("maskarad.yaml"), text).unwrap();
    }
}

impl Daemon {
    /// What it has logged since it had logged so much.
    fn since(&self, length: usize) -> String {
        self.log()[length..].to_owned()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_changes_what_is_logged_by_module() {
    let stage = Stage::new().await;
    stage.write_settings("log: { filter: info }\n");
    let daemon = stage.serve(&[]);
    stage.answers(0, &daemon).await;
    daemon.says("delivered").await;
    assert!(!daemon.log().contains("DEBUG"), "{}", daemon.log());

    stage.write_settings("log: { filter: 'warn,maskarad::router=debug' }\n");
    daemon.signal("HUP");
    daemon.says("the log's filter filter=\"warn,maskarad::router=debug\"").await;
    let before = daemon.log().len();
    stage.answers(1, &daemon).await;
    daemon.says("routed").await;
    let said = daemon.since(before);
    assert!(said.lines().count() > 0 && said.lines().all(|line| line.contains("DEBUG")), "{said}");
    assert!(said.contains(" routed") && !said.contains("delivered"), "{said}");

    stage.write_settings("log: { filter: 'a=b=c' }\n");
    daemon.signal("HUP");
    daemon.says("the settings are refused").await;
    assert!(daemon.since(before).contains("maskarad.yaml:1:16: log.filter: expected a filter"), "{}", daemon.log());
    let before = daemon.log().len();
    stage.answers(0, &daemon).await;
    assert!(daemon.since(before).contains("routed"), "the filter before goes on\n{}", daemon.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_variable_overrides_the_filter_at_a_reload_too_and_that_is_told() {
    let stage = Stage::new().await;
    stage.write_settings("log: { filter: debug }\n");
    let daemon = stage.serve(&[("MASKARAD_LOG", "warn")]);
    stage.answers(0, &daemon).await;
    daemon.signal("HUP");
    daemon.says("$MASKARAD_LOG is set").await;
    assert!(
        daemon.log().contains("the log's filter filter=\"warn\"") && !daemon.log().contains("DEBUG"),
        "{}",
        daemon.log()
    );
}

on_both!(a_message_keeps_its_request_from_the_update_to_the_reply_through_a_crash);

async fn a_message_keeps_its_request_from_the_update_to_the_reply_through_a_crash(database: TestDatabase) {
    let stage = Stage::new().await;
    let target = if database.url().starts_with("postgres") { "DATABASE_URL" } else { "MASKARAD_STORE_PATH" };
    let settings = [(target, database.url()), ("MASKARAD_LOG", "info,maskarad=debug"), ("MASKARAD_LOG_FORMAT", "json")];
    let mut first = stage.serve(&settings);
    let held = stage.tg.fault(FaultSpec::new(Fault::Slow(SOON)).method("sendMessage").times(1));
    let message = stage.people[0].writes_private(&stage.bots[0], "расскажи что-нибудь");
    stage.tg.wait_until(SOON, |_| held.fired() > 0).await.unwrap();
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    let second = stage.serve(&settings);
    stage.answered(&[message], &second).await;
    second.says("\"recorded\"").await;

    let lines = [lines(&first), lines(&second)];
    let requests: BTreeSet<&str> = lines.iter().flatten().filter_map(request).collect();
    let [request_id] = requests.iter().copied().collect::<Vec<_>>()[..] else { panic!("{requests:?}") };
    assert!(request_id.starts_with("avtobus-"), "{request_id}");
    let told: Vec<BTreeSet<&str>> = lines.iter().map(|lines| about_messages(lines)).collect();
    for step in ["an update is stored", "routed", "claimed", "generated", "a reply is ready", "sending"] {
        assert!(told[0].contains(step), "{step}: {told:?}");
    }
    for step in ["sending", "delivered", "recorded"] {
        assert!(told[1].contains(step), "{step}: {told:?}");
    }
    for line in lines.iter().flatten().filter(|line| is_about_a_message(line)) {
        assert_eq!(request(line), Some(request_id), "{line}");
    }
    let at_info = lines[1].iter().filter(|line| line["level"] == "INFO" && request(line).is_some());
    assert_eq!(at_info.map(|line| &line["message"]).collect::<Vec<_>>(), ["delivered"], "one line of a reply at info");
}

fn lines(daemon: &Daemon) -> Vec<Value> {
    daemon.log().lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

fn request(line: &Value) -> Option<&str> {
    line["spans"].as_array()?.iter().find_map(|span| span["request"].as_str())
}

/// Lines of the modules through which a message goes.
fn is_about_a_message(line: &Value) -> bool {
    let modules = ["maskarad::router", "maskarad::queue", "maskarad::speech", "maskarad::delivery"];
    modules.iter().any(|module| line["target"].as_str().unwrap().starts_with(module))
}

/// What is said of messages.
fn about_messages(lines: &[Value]) -> BTreeSet<&str> {
    lines.iter().filter(|line| request(line).is_some()).filter_map(|line| line["message"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_there_is_no_journal_the_log_is_for_people() {
    if Path::new("/run/systemd/journal/socket").exists() {
        eprintln!("skipped: there is a journal here");
        return;
    }
    let stage = Stage::new().await;
    let daemon = stage.serve(&[("MASKARAD_LOG_FORMAT", "journald")]);
    stage.answers(0, &daemon).await;
    daemon.says("delivered").await;
    let log = daemon.log();
    let told = log.lines().filter(|line| line.contains("/run/systemd/journal/socket can't be written to"));
    assert_eq!(told.count(), 1, "{log}");
    assert!(log.lines().all(|line| !line.starts_with('{')) && log.contains(" INFO request{request=avtobus-"), "{log}");
}
