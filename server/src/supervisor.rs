//! What the service manager is told (systemd's notify protocol): that the daemon is ready, reloads, stops; and, as a
//! watchdog, that it makes progress. The watchdog is fed by the turns of the engine and of each persona's intake, so a thread
//! that hangs starves it, however well everything else runs. Without a service manager nothing is told to anybody.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use maskarad_engine::Engine;
use sd_notify::NotifyState;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::chat::{PersonaName, TransportKind};
use crate::daemon::Fleet;
use crate::live::LivePersona;
use crate::standing::Standing;

/// How long the engine may take for one turn; a full batch of long prompts takes a few seconds.
const ENGINE_PATIENCE: Duration = Duration::from_secs(30);
/// How long an intake may take for one turn: a long poll, the connection's grace, a database that is waited for.
const INTAKE_PATIENCE: Duration = Duration::from_secs(120);

/// The way to the service manager.
#[derive(Clone, Copy, Debug)]
pub struct Supervisor {
    /// Within which time it wants to hear of progress.
    watchdog: Option<Duration>,
}

impl Supervisor {
    /// That of this process.
    pub fn of_process() -> Self {
        Self { watchdog: sd_notify::watchdog_enabled() }
    }

    /// Everything is up.
    pub async fn ready(&self, fleet: &Fleet) {
        let status = match fleet.models().await.len() {
            1 => "one persona".to_owned(),
            personas => format!("{personas} personas"),
        };
        self.ready_with(&status);
    }

    /// Everything is up; `status` says what there is.
    pub fn ready_with(&self, status: &str) {
        tell(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// Manifests are read anew; [`Supervisor::ready`] follows.
    pub fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => tell(&[NotifyState::Reloading, now]),
            Err(_) => tell(&[NotifyState::Reloading]),
        }
    }

    /// The daemon finishes the replies under way.
    pub fn stopping(&self) {
        tell(&[NotifyState::Stopping]);
    }

    /// Feeds the watchdog as long as everything makes progress, until the daemon has stopped: the replies of a stop take
    /// their time.
    pub async fn watch(self, app: Arc<App>, engine: Engine, stopped: CancellationToken) {
        let Some(within) = self.watchdog else { return stopped.cancelled().await };
        let mut hearts = Hearts::default();
        while !stopped.is_cancelled() {
            let polling = app.roster.all().into_iter().filter(|live| is_polling(&app, live));
            let intakes = polling.map(|live| (live.name.clone(), live.turns.count()));
            match hearts.stopped(engine.turns(), intakes, Instant::now()) {
                None => tell(&[NotifyState::Watchdog]),
                Some(what) => tracing::error!(what, "makes no progress; the watchdog isn't fed"),
            }
            tokio::select! {
                () = tokio::time::sleep(within / 4) => {}
                () = stopped.cancelled() => {}
            }
        }
    }
}

/// Updates that come by webhook, or from a room, have no loop of their own.
fn is_polling(app: &App, live: &LivePersona) -> bool {
    live.lease.transport == TransportKind::Telegram && app.standings.of(&live.name) == Some(Standing::Polling)
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager can't be told");
    }
}

/// How far something had come, and since when.
#[derive(Clone, Copy)]
struct Heart {
    turns: u64,
    since: Instant,
}

/// How far all had come.
#[derive(Default)]
struct Hearts {
    engine: Option<Heart>,
    intakes: HashMap<PersonaName, Heart>,
}

impl Hearts {
    /// What has stood still for too long; `None` where all is well.
    fn stopped(
        &mut self,
        engine: u64,
        intakes: impl Iterator<Item = (PersonaName, u64)>,
        now: Instant,
    ) -> Option<String> {
        let heart = next(self.engine, engine, now);
        self.engine = Some(heart);
        let mut stopped = (now - heart.since > ENGINE_PATIENCE).then(|| "the engine".to_owned());
        let former = std::mem::take(&mut self.intakes);
        for (name, turns) in intakes {
            let heart = next(former.get(&name).copied(), turns, now);
            if now - heart.since > INTAKE_PATIENCE {
                stopped = Some(format!("the intake of {name}"));
            }
            self.intakes.insert(name, heart);
        }
        stopped
    }
}

fn next(former: Option<Heart>, turns: u64, now: Instant) -> Heart {
    former.filter(|former| former.turns == turns).unwrap_or(Heart { turns, since: now })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_stands_still_for_too_long_is_named() {
        let avtobus = PersonaName::parse("avtobus").unwrap();
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut hearts = Hearts::default();
        let mut look = |engine, intake, seconds| {
            let intakes = [(avtobus.clone(), intake)].into_iter();
            hearts.stopped(engine, intakes, at(seconds))
        };
        assert_eq!(look(1, 1, 0), None);
        assert_eq!(look(1, 1, 29), None, "a long turn");
        assert_eq!(look(1, 1, 31).as_deref(), Some("the engine"));
        assert_eq!(look(2, 1, 32), None, "it goes on");
        assert_eq!(look(3, 1, 119), None);
        assert_eq!(look(4, 1, 121).as_deref(), Some("the intake of avtobus"));
        assert_eq!(look(5, 2, 122), None);
    }

    #[test]
    fn a_persona_that_came_back_starts_anew() {
        let avtobus = PersonaName::parse("avtobus").unwrap();
        let (begin, mut hearts) = (Instant::now(), Hearts::default());
        let one = || [(avtobus.clone(), 7)].into_iter();
        assert_eq!(hearts.stopped(1, one(), begin), None);
        assert_eq!(hearts.stopped(2, std::iter::empty(), begin + Duration::from_secs(100)), None);
        assert_eq!(hearts.stopped(3, one(), begin + Duration::from_secs(200)), None);
    }
}
