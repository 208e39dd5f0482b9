//! Under a service manager: what it is told over `NOTIFY_SOCKET`, and SIGHUP.

mod hung;

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Daemon, Stage};
use crate::support::host::SOON;

/// The service manager's end.
pub(super) struct Manager {
    socket: UnixDatagram,
    path: String,
}

impl Manager {
    /// One whose socket lies in this folder.
    pub(super) fn new(folder: &Path) -> Self {
        let path = folder.join("notify").to_string_lossy().into_owned();
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        Self { socket, path }
    }

    /// Where it listens.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Starts the daemon with a watchdog of this many milliseconds.
    fn serve(&self, stage: &Stage, watchdog: u64) -> Daemon {
        let watchdog = (watchdog * 1000).to_string();
        stage.serve(&[("NOTIFY_SOCKET", &self.path), ("WATCHDOG_USEC", &watchdog)])
    }

    /// The next message within a time.
    fn hears(&self, within: Duration) -> Option<String> {
        let deadline = Instant::now() + within;
        let mut buffer = [0; 4096];
        while Instant::now() < deadline {
            if let Ok(length) = self.socket.recv(&mut buffer) {
                return Some(String::from_utf8_lossy(&buffer[..length]).into_owned());
            }
        }
        None
    }

    /// The next message that holds these words; those before it are passed over.
    pub(super) fn waits_for(&self, words: &str, daemon: &Daemon) -> String {
        let deadline = Instant::now() + SOON;
        loop {
            assert!(Instant::now() < deadline, "{words} was never told\n{}", daemon.tail());
            match self.hears(Duration::from_secs(1)) {
                Some(told) if told.contains(words) => return told,
                _ => {}
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_manager_is_told_of_start_reload_and_stop() {
    let stage = Stage::new().await;
    let manager = Manager::new(stage.folder.path());
    let mut daemon = manager.serve(&stage, 60_000);
    let ready = manager.waits_for("READY=1", &daemon);
    assert!(ready.contains("STATUS=2 personas"), "{ready}");
    stage.answers(0, &daemon).await;

    let path = stage.folder.path().join("personas/polkson.yaml");
    let manifest = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, manifest.replace("name: polkson", "name: polkson\nnonsense: 1")).unwrap();
    daemon.signal("HUP");
    let told = manager.waits_for("RELOADING=1", &daemon);
    assert!(told.contains("MONOTONIC_USEC="), "{told}");
    assert!(manager.waits_for("READY=1", &daemon).contains("STATUS=2 personas"));
    daemon.says("refused as a whole").await;
    assert!(daemon.log().contains("polkson.yaml") && daemon.log().contains("nonsense"), "{}", daemon.log());
    stage.answers(1, &daemon).await;

    std::fs::remove_file(&path).unwrap();
    daemon.signal("HUP");
    manager.waits_for("STATUS=one persona", &daemon);
    std::fs::write(&path, manifest).unwrap();
    daemon.signal("HUP");
    manager.waits_for("STATUS=2 personas", &daemon);
    stage.answers(0, &daemon).await;
    stage.answers(1, &daemon).await;

    daemon.signal("TERM");
    manager.waits_for("STOPPING=1", &daemon);
    assert_eq!(daemon.ends_within(20).await.code(), Some(0), "{}", daemon.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_watchdog_is_fed_while_the_daemon_runs_and_starves_when_it_stands_still() {
    let stage = Stage::new().await;
    let manager = Manager::new(stage.folder.path());
    let daemon = manager.serve(&stage, 800);
    for _ in 0..5 {
        manager.waits_for("WATCHDOG=1", &daemon);
    }
    daemon.signal("STOP");
    while manager.hears(Duration::from_millis(300)).is_some() {}
    assert_eq!(manager.hears(Duration::from_secs(1)), None, "a process that stands still feeds nobody");
    daemon.signal("CONT");
    manager.waits_for("WATCHDOG=1", &daemon);
    stage.answers(0, &daemon).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watched_folder_reloads_by_itself() {
    let stage = Stage::new().await;
    let daemon = stage.serve(&[("MASKARAD_WATCH_PERSONAS", "true")]);
    stage.answers(1, &daemon).await;
    std::fs::remove_file(stage.folder.path().join("personas/polkson.yaml")).unwrap();
    daemon.says("removed=\"polkson\"").await;
    stage.answers(0, &daemon).await;
}
