//! The journal as systemd's own programs see it: journald gets what the program logs, and journalctl finds it.
//!
//! journald listens in one place, so it runs in a mount namespace of its own, with a /run of its own. That takes root and
//! systemd's programs; elsewhere these tests are skipped, and only `cli/logging/journal/tests.rs` tries the protocol.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::secrecy::{assert_keeps_secrets, trouble};
use super::{Daemon, Stage, program};
use crate::support::host::SOON;

const JOURNALD: &str = "/lib/systemd/systemd-journald";
/// Runs in the namespace: journald in a /run of its own, until its standard input ends.
const NAMESPACE: &str = r#"mount -t tmpfs run /run && mkdir -p /run/systemd/journald.conf.d /run/systemd/journal /run/log/journal
printf '[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\nReadKMsg=no\nForwardToWall=no\n' >/run/systemd/journald.conf.d/test.conf
"$0" & journald=$!
cat >/dev/null
kill $journald"#;

/// A journal of its own.
struct Journal {
    namespace: Child,
}

impl Journal {
    /// Starts one; `None` where that can't be done.
    fn start() -> Option<Self> {
        let tools = ["/usr/bin/unshare", "/usr/bin/nsenter", "/usr/bin/journalctl", JOURNALD];
        let may = Command::new("unshare").args(["--mount", "true"]).status().is_ok_and(|status| status.success());
        if !may || tools.iter().any(|tool| !Path::new(tool).exists()) {
            eprintln!("skipped: a journal of its own needs root and systemd's programs");
            return None;
        }
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", NAMESPACE, JOURNALD]).stdin(Stdio::piped());
        let journal = Self { namespace: command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap() };
        let begun = Instant::now();
        while !journal.inside("test").args(["-S", "/run/systemd/journal/socket"]).status().unwrap().success() {
            assert!(begun.elapsed() < SOON, "journald doesn't listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(journal)
    }

    /// A command in the journal's namespace.
    fn inside(&self, program: &str) -> Command {
        let mut command = Command::new("/usr/bin/nsenter");
        command.arg(format!("--mount=/proc/{}/ns/mnt", self.namespace.id())).arg("--").arg(program);
        command
    }

    /// Starts the program in there, with its standard error as systemd would connect it.
    fn serve(&self, stage: &Stage, more: &[(&str, &str)]) -> Daemon {
        let log = stage.folder.path().join("standard-error");
        let file = File::create(&log).unwrap();
        let stream = file.metadata().unwrap();
        let stream = format!("{}:{}", stream.dev(), stream.ino());
        let mut command = self.inside("sh");
        command.args(["-c", "cd \"$0\" && exec \"$@\""]).arg(stage.folder.path()).arg(program());
        let child = stage.spawn_by(command, file, &[&[("JOURNAL_STREAM", stream.as_str())], more].concat());
        Daemon { child, log, started: Instant::now() }
    }

    /// What journalctl finds by these arguments.
    fn finds(&self, arguments: &[&str]) -> Vec<Value> {
        assert!(self.inside("journalctl").arg("--sync").status().unwrap().success());
        let found = self.inside("journalctl").args(["-o", "json", "--all"]).args(arguments).output().unwrap();
        let text = String::from_utf8(found.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Waits until it finds something.
    async fn waits_for(&self, arguments: &[&str]) -> Value {
        let begun = Instant::now();
        loop {
            if let Some(found) = self.finds(arguments).pop() {
                return found;
            }
            assert!(begun.elapsed() < SOON, "{arguments:?} is never found");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        drop(self.namespace.stdin.take());
        let _ = self.namespace.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn journalctl_finds_a_message_by_its_request() {
    let Some(journal) = Journal::start() else { return };
    let stage = Stage::new().await;
    let daemon = journal.serve(&stage, &[("MASKARAD_LOG", "info,maskarad=debug")]);
    stage.answers(0, &daemon).await;
    let delivered = journal.waits_for(&["MASKARAD_MESSAGE=delivered"]).await;
    assert_eq!((&delivered["SYSLOG_IDENTIFIER"], &delivered["PRIORITY"]), (&"maskarad".into(), &"6".into()));
    assert_eq!(delivered["MASKARAD_PERSONA"], "avtobus");
    let request = delivered["MASKARAD_REQUEST"].as_str().unwrap();
    let line = delivered["MESSAGE"].as_str().unwrap();
    assert!(line.starts_with("delivered persona=avtobus job=1 trigger=\"private\""), "{line}");
    assert!(line.ends_with(&format!(" request={request}")), "{line}");

    journal.waits_for(&["MASKARAD_MESSAGE=recorded"]).await;
    let found = journal.finds(&[&format!("MASKARAD_REQUEST={request}")]);
    let steps: Vec<_> = found.iter().filter_map(|entry| entry["MASKARAD_MESSAGE"].as_str()).collect();
    let ours = |step: &&str| steps.contains(step);
    let expected =
        ["an update is stored", "routed", "claimed", "generated", "a reply is ready", "sending", "delivered"];
    assert!(expected.iter().all(ours), "{steps:?}");
    assert_eq!(daemon.log(), "", "standard error has nothing that the journal has");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_journal_keeps_secrets_even_at_trace() {
    let Some(journal) = Journal::start() else { return };
    let stage = Stage::new().await;
    let mut daemon = journal.serve(&stage, &[("MASKARAD_LOG", "trace"), ("MASKARAD_LOG_FORMAT", "journald")]);
    trouble(&stage, &daemon).await;
    daemon.signal("TERM");
    assert_eq!(daemon.ends_within(15).await.code(), Some(0));
    let entries = journal.finds(&["-t", "maskarad"]);
    assert!(entries.len() > 100 && entries.iter().any(|entry| entry["PRIORITY"] == "7"), "{}", entries.len());
    for entry in &entries {
        assert_keeps_secrets(&stage, "journald", &readable(entry));
    }
}

/// All that an entry says; journalctl writes what isn't printable as numbers.
fn readable(entry: &Value) -> String {
    let bytes =
        |value: &Value| value.as_array().map(|bytes| bytes.iter().map(|byte| byte.as_u64().unwrap() as u8).collect());
    let text = |value: &Value| {
        value.as_str().map_or_else(|| bytes(value).unwrap_or_default(), |text| text.as_bytes().to_vec())
    };
    let fields = entry.as_object().unwrap().iter();
    fields.map(|(name, value)| format!("{name}={}\n", String::from_utf8_lossy(&text(value)))).collect()
}
