//! One act's stage: emulator, people, database, daemon, and what happened so far.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use maskarad_testbed::{Bot, ChatId, Testbed};

use crate::cast::{Cast, MADDENED, Part};
use crate::crew::Crew;
use crate::crowd::Crowd;
use crate::dice::Dice;
use crate::ground::Ground;
use crate::kill::{Kill, Phase, post_mortem};
use crate::log;
use crate::run::{Place, Run, Slot};
use crate::script::Script;
use crate::secrets::Logs;

/// How long anything may take that must happen.
const SOON: Duration = Duration::from_secs(60);
/// How long all that waits may take to be answered once nothing goes wrong any more.
const CALM: Duration = Duration::from_secs(150);

/// The stage of one act.
pub(crate) struct Stage {
    pub(crate) tg: Testbed,
    pub(crate) cast: Cast,
    pub(crate) script: Script,
    pub(crate) crowd: Crowd,
    pub(crate) ground: Ground,
    pub(crate) dice: Dice,
    pub(crate) kills: Vec<Kill>,
    pub(crate) logs: Logs,
    pub(crate) began: Instant,
    /// The workers, in acts that have any.
    pub(crate) crew: Crew,
    folder: tempfile::TempDir,
    daemons: Vec<Daemon>,
}

/// A running daemon.
struct Daemon {
    slot: Slot,
    run: Run,
    /// The number of the first call that may be its.
    since: u64,
}

impl Stage {
    /// A stage on which nothing has happened yet.
    pub(crate) async fn new(ground: Ground, seed: u64) -> Self {
        let tg = Testbed::start().await.unwrap();
        let cast = Cast::new(&tg);
        let mut folder = tempfile::tempdir().unwrap();
        if keep() {
            println!("logs and manifests are kept in {}", folder.path().display());
            folder.disable_cleanup(true);
        }
        std::fs::create_dir(folder.path().join("personas")).unwrap();
        cast.write_manifests(&folder.path().join("personas"), &Part::generation("int8", "max_new_tokens: 10"));
        let logs = Logs::new(folder.path().join("logs"), keep());
        Self {
            tg,
            cast,
            script: Script::default(),
            crowd: Crowd::new(Dice::seeded(seed ^ 0x00C0_FFEE)),
            ground,
            dice: Dice::seeded(seed),
            kills: Vec::new(),
            logs,
            began: Instant::now(),
            crew: Crew::default(),
            folder,
            daemons: Vec::new(),
        }
    }

    /// Starts the daemon, and has insanity switched on in one group.
    pub(crate) async fn open(&mut self) {
        self.start(Slot::First);
        self.until_up().await;
        let room = self.cast.room(MADDENED);
        let admin = self.cast.rooms[room].people[0];
        let order = (room, admin, "/insanity on");
        let command = self.crowd.command(&self.tg, &self.cast, &mut self.script, order);
        self.tg.wait_answer(command, SOON).await.expect("a command is answered");
        self.cast.rooms[room].insane.insert(0);
    }

    /// Starts a daemon.
    pub(crate) fn start(&mut self, slot: Slot) {
        let since = self.tg.request_count();
        if let (Some(kill), true) = (self.kills.last_mut(), self.daemons.is_empty()) {
            // A call may be read off the wire after its caller has died, but hardly after the next one has come up.
            kill.life.end = since;
        }
        let (log, json) = self.logs.next();
        let place = Place {
            folder: self.folder.path(),
            api_url: self.tg.api_url(),
            database: self.ground.variable(slot),
            broker: self.crew.broker.as_deref(),
            log,
            json,
        };
        self.daemons.push(Daemon { slot, run: Run::start(&self.cast, place), since });
    }

    /// `kill -9`, and where it struck. A lock that was held in order to aim is given back.
    pub(crate) async fn kill(&mut self, slot: Slot, aimed: Phase, locked: bool) -> &Kill {
        let index = self.daemons.iter().position(|daemon| daemon.slot == slot).expect("it runs");
        let Daemon { run, since, .. } = self.daemons.swap_remove(index);
        self.logs.finished(run.kill());
        if locked {
            self.ground.unlock().await;
        }
        self.ground.forget_the_dead(slot).await;
        let made = log::attempts(&self.tg, &self.bots(), since);
        let life = since..self.tg.request_count();
        let kill = post_mortem((&mut self.ground, &self.cast), aimed, life, &made).await;
        self.kills.push(kill);
        self.kills.last().expect("it was just pushed")
    }

    /// SIGTERM to everybody; they must end well.
    pub(crate) async fn stop(&mut self) {
        for daemon in std::mem::take(&mut self.daemons) {
            let (status, log) = daemon.run.stop().await;
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            let tail: Vec<&str> = text.lines().rev().take(20).collect();
            assert!(status.success(), "the daemon ended with {status}\n{}", tail.join("\n"));
            self.logs.finished(log);
        }
        self.stop_workers().await;
    }

    /// Where everybody works.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of manifests.
    pub(crate) fn personas(&self) -> PathBuf {
        self.folder.path().join("personas")
    }

    /// Has the daemon read its manifests again; it must say this of them.
    pub(crate) async fn reload(&mut self, says: &str) {
        self.daemons.last_mut().expect("it was started").run.reload(says).await;
    }

    /// Waits until the daemon asks for updates with all its tokens.
    pub(crate) async fn until_up(&mut self) {
        let daemon = self.daemons.last_mut().expect("it was started");
        let (since, deadline) = (daemon.since, Instant::now() + SOON);
        let bots: Vec<_> = self.cast.parts.iter().map(|part| part.bot.id()).collect();
        loop {
            let asked = self.tg.requests_since(since);
            let polls = |bot| asked.iter().any(|call| call.bot == bot && call.method == "getUpdates");
            if bots.iter().copied().all(polls) {
                return;
            }
            daemon.run.still_runs();
            assert!(Instant::now() < deadline, "the daemon doesn't come up\n{}", daemon.run.tail());
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }

    /// Waits until at most so many messages are on their way, or until patience ends; whether they are.
    pub(crate) async fn breathe(&mut self, limit: i64, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while self.on_their_way().await > limit {
            for daemon in &mut self.daemons {
                daemon.run.still_runs();
            }
            if Instant::now() > deadline {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        true
    }

    /// Updates that no daemon has confirmed yet.
    pub(crate) fn unfetched(&self) -> usize {
        self.cast.parts.iter().map(|part| part.bot.pending_updates()).sum()
    }

    /// Those of one chat.
    pub(crate) fn unfetched_of(&self, chat: ChatId) -> usize {
        let pending = self.cast.parts.iter().flat_map(|part| part.bot.pending());
        pending.filter(|update| update["message"]["chat"]["id"] == chat.0).count()
    }

    /// All of those, updates that are not routed and jobs that are not done.
    pub(crate) async fn on_their_way(&mut self) -> i64 {
        let pending = self.unfetched();
        let sql =
            "(select count(*) from inbox where routed_at is null) + (select count(*) from jobs where state <> 'done')";
        i64::try_from(pending).unwrap() + self.ground.number(sql).await
    }

    /// Waits until nothing is on its way any more; what is, if it never ends.
    pub(crate) async fn calm(&mut self) -> Option<String> {
        let deadline = Instant::now() + CALM;
        loop {
            self.breathe(0, deadline.saturating_duration_since(Instant::now())).await;
            tokio::time::sleep(Duration::from_millis(500)).await;
            if self.on_their_way().await == 0 {
                return None;
            }
            if Instant::now() > deadline {
                let sql = "select state || ' ' || trigger_kind || ' ' || persona || ' ' || chat_id from jobs where state <> 'done'";
                let left: Vec<String> = self.ground.rows(sql).await.into_iter().flatten().flatten().collect();
                let tails: Vec<String> = self.daemons.iter().map(|daemon| daemon.run.tail()).collect();
                return Some(format!("still on their way after {CALM:?}: {left:?}\n{}", tails.join("\n\n")));
            }
        }
    }

    /// From now on the daemon's files may not grow beyond so many bytes; `None` ends that.
    pub(crate) fn limit_files(&self, bytes: Option<u64>) {
        for daemon in &self.daemons {
            daemon.run.limit_files(bytes);
        }
    }

    /// Everybody's bot.
    pub(crate) fn bots(&self) -> Vec<Bot> {
        self.cast.parts.iter().map(|part| part.bot.clone()).collect()
    }

    /// Somebody writes so many messages.
    pub(crate) fn write(&mut self, count: usize) {
        let wanted = self.crowd.count + count;
        while self.crowd.count < wanted {
            self.crowd.write(&self.tg, &self.cast, &mut self.script);
        }
    }

    /// Where reports go.
    pub(crate) fn reports() -> PathBuf {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("faults");
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }
}

/// Whether somebody wants to look at what an act leaves behind.
#[expect(clippy::disallowed_methods, reason = "the campaign is told so by the environment")]
fn keep() -> bool {
    std::env::var_os("FAULTS_KEEP").is_some()
}
