//! The engine's thread hangs, and everything else of the process is well: the watchdog must starve all the same. A thread is
//! made to hang from outside, by tracing it (scripts/stop-thread.py), so that the program under test is the one that ships.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Manager;
use crate::process::{Daemon, Stage};
use crate::support::host::SOON;

/// How long a watchdog waits that is fed four times meanwhile.
const WATCHDOG: Duration = Duration::from_millis(800);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_hangs_while_nobody_writes_starves_the_watchdog() {
    let Some(scene) = Scene::new().await else { return };
    scene.starves().await;
    scene.recovers().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_hangs_over_its_replies_starves_the_watchdog() {
    let stage = Stage::new().await;
    let manager = Manager::new(stage.folder.path());
    let (daemon, listen) = serve(&stage, &manager);
    stage.answers(0, &daemon).await;
    let typed = stage.bots[0].chat_actions().len();
    let mut messages = stage.everybody_writes("расскажи что-нибудь длинное");
    stage.tg.wait_until(SOON, |_| stage.bots[0].chat_actions().len() > typed).await.unwrap();
    let Some(hung) = HungThread::engine_of(&daemon) else { return };
    // Whoever was quick has an answer by now, so one more is asked for that can't come.
    let late = stage.people[0].writes_private(&stage.bots[1], "а ты что скажешь?");
    messages.push(late);
    let scene = Scene { stage, manager, daemon, listen, hung };
    scene.starves().await;
    assert_eq!(scene.stage.tg.answers_to(late).len(), 0, "who answered?\n{}", scene.daemon.tail());
    let (stage, daemon) = scene.recovers().await;
    stage.answered(&messages, &daemon).await;
}

/// A daemon whose engine hangs.
struct Scene {
    stage: Stage,
    manager: Manager,
    daemon: Daemon,
    listen: String,
    hung: HungThread,
}

impl Scene {
    /// Of an engine that has answered once, and has nothing to do; `None` where a thread can't be made to hang.
    async fn new() -> Option<Self> {
        let stage = Stage::new().await;
        let manager = Manager::new(stage.folder.path());
        let (daemon, listen) = serve(&stage, &manager);
        stage.answers(0, &daemon).await;
        let hung = HungThread::engine_of(&daemon)?;
        Some(Self { stage, manager, daemon, listen, hung })
    }

    /// Nobody feeds the watchdog any more, although the process answers.
    async fn starves(&self) {
        let deadline = Instant::now() + SOON;
        let (mut fed, mut told) = (0, false);
        while !told {
            assert!(Instant::now() < deadline, "it was fed {fed} times, and goes on\n{}", self.daemon.tail());
            // What isn't read would fill the socket, and the daemon would wait for us.
            fed += u32::from(self.manager.hears(WATCHDOG / 8).is_some());
            let log = self.daemon.log();
            told = log.lines().any(|line| line.contains("makes no progress") && line.contains("the engine"));
        }
        assert!(fed > 20, "a long turn isn't a hang: it was fed {fed} times\n{}", self.daemon.tail());
        while self.manager.hears(WATCHDOG / 8).is_some() {}
        assert_eq!(self.manager.hears(2 * WATCHDOG), None, "a hung engine feeds nobody\n{}", self.daemon.tail());
        let answer = reqwest::get(format!("http://{}/healthz", self.listen)).await.unwrap();
        assert_eq!(answer.status(), 200, "only one thread hangs");
    }

    /// The thread goes on, and with it everything.
    async fn recovers(self) -> (Stage, Daemon) {
        drop(self.hung);
        self.manager.waits_for("WATCHDOG=1", &self.daemon);
        self.stage.answers(1, &self.daemon).await;
        (self.stage, self.daemon)
    }
}

fn serve(stage: &Stage, manager: &Manager) -> (Daemon, String) {
    let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let watchdog = WATCHDOG.as_micros().to_string();
    let variables =
        [("NOTIFY_SOCKET", manager.path.as_str()), ("WATCHDOG_USEC", &watchdog), ("MASKARAD_HTTP_LISTEN", &listen)];
    (stage.serve(&variables), listen)
}

/// A thread that hangs until this is dropped.
struct HungThread(Child);

impl HungThread {
    /// `None`, with a word about it, where there is no Python or the system doesn't let us trace.
    fn engine_of(daemon: &Daemon) -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/stop-thread.py");
        let mut command = Command::new("python3");
        command.arg(script).args([&daemon.child.id().to_string(), "engine"]);
        let Ok(mut child) = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() else {
            eprintln!("skipped: a thread is stopped by python3, which was not found");
            return None;
        };
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        if said.trim() == "stopped" {
            return Some(Self(child));
        }
        assert_eq!(child.wait().unwrap().code(), Some(2), "the thread could not be stopped\n{}", daemon.tail());
        eprintln!("skipped: this system lets nobody trace a neighbour (kernel.yama.ptrace_scope)");
        None
    }
}

impl Drop for HungThread {
    fn drop(&mut self) {
        // The end of its input lets the thread go on.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
