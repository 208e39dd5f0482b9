//! The disk that the log goes to is full: nothing is logged then, and everybody is answered all the same.

use std::fs::File;
use std::time::Instant;

use super::{Daemon, Stage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_cannot_be_written_stops_nobody() {
    let stage = Stage::new().await;
    let child = stage.spawn(File::options().write(true).open("/dev/full").unwrap(), &[("MASKARAD_LOG", "debug")]);
    let nowhere = stage.folder.path().join("nothing");
    std::fs::write(&nowhere, "").unwrap();
    let mut daemon = Daemon { child, log: nowhere, started: Instant::now() };
    stage.answers(0, &daemon).await;
    stage.answers(1, &daemon).await;
    daemon.signal("TERM");
    assert_eq!(daemon.ends_within(10).await.code(), Some(0));
}
