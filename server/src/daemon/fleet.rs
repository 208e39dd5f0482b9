//! The bots that are out, and how a reload changes them: those whose manifest says the same go on without noticing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use maskarad_engine::ModelKey;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Wire;
use super::bot::{Bot, Ended};
use crate::app::App;
use crate::chat::PersonaName;
use crate::config::persona::Updates;
use crate::config::secret::Secret;
use crate::lifecycle::{DRAIN, Lifecycle};
use crate::live::{Character, Current};
use crate::metrics;
use crate::standing::Standing;

/// Bots that may introduce themselves at once; the official server accepts about 20 new clients a minute.
const AT_ONCE: usize = 15;
/// Between two bots beyond those.
const STAGGER: Duration = Duration::from_secs(3);
/// How often whoever waits for the end of a persona's work looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// All bots of this daemon.
pub struct Fleet {
    app: Arc<App>,
    wire: Wire,
    lifecycle: Lifecycle,
    members: Mutex<BTreeMap<PersonaName, Member>>,
}

/// A bot that is out.
struct Member {
    current: Current,
    token: Secret,
    stopping: CancellationToken,
    task: JoinHandle<()>,
}

/// What a reload did.
#[derive(Default)]
pub struct Changes {
    /// Personas that came.
    pub added: Vec<PersonaName>,
    /// Those that go on as others than before, without missing a message.
    pub changed: Vec<PersonaName>,
    /// Those that had to come up again: another token, or another way of updates.
    pub restarted: Vec<PersonaName>,
    /// Those that went.
    pub removed: Vec<PersonaName>,
    /// What they all were before; replies under way still are.
    pub(crate) retired: Vec<Arc<Character>>,
}

impl Changes {
    /// Whether all is as it was.
    pub fn is_nothing(&self) -> bool {
        [&self.added, &self.changed, &self.restarted, &self.removed].iter().all(|names| names.is_empty())
    }
}

impl Fleet {
    /// Without any bot.
    pub(super) fn new(app: Arc<App>, wire: Wire, lifecycle: Lifecycle) -> Arc<Self> {
        Arc::new(Self { app, wire, lifecycle, members: Mutex::default() })
    }

    /// Brings the fleet to what the manifests say now. Personas without a token are none of its business.
    pub async fn reload(self: &Arc<Self>, characters: Vec<Character>) -> Changes {
        let mut members = self.members.lock().await;
        let mut changes = Changes::default();
        let wanted: BTreeMap<_, _> = characters
            .into_iter()
            .filter(|character| character.persona.token.is_some())
            .map(|character| (character.persona.name.clone(), Arc::new(character)))
            .collect();
        let gone: Vec<_> = members.keys().filter(|name| !wanted.contains_key(*name)).cloned().collect();
        for name in gone {
            if let Some(member) = members.remove(&name) {
                changes.retired.push(self.take_out(&name, member).await);
                metrics::dismiss(&name);
                changes.removed.push(name);
            }
        }
        for (index, (name, character)) in wanted.into_iter().enumerate() {
            let delay = STAGGER * u32::try_from(index.saturating_sub(AT_ONCE)).unwrap_or(u32::MAX);
            let member = self.one(&name, members.remove(&name), character, (delay, &mut changes)).await;
            members.extend(member.map(|member| (name, member)));
        }
        changes
    }

    /// The models that somebody speaks with.
    pub async fn models(&self) -> Vec<ModelKey> {
        let members = self.members.lock().await;
        members.values().map(|member| member.current.get().voice.model.key()).collect()
    }

    async fn one(
        self: &Arc<Self>,
        name: &PersonaName,
        member: Option<Member>,
        character: Arc<Character>,
        (delay, changes): (Duration, &mut Changes),
    ) -> Option<Member> {
        let token = character.persona.token.clone()?;
        let Some(member) = member else {
            changes.added.push(name.clone());
            return Some(self.send_out(name, character, token, delay));
        };
        let now = member.current.get();
        let refused = self.app.standings.of(name) == Some(Standing::Refused);
        if refused || token != member.token || character.persona.updates != now.persona.updates {
            changes.restarted.push(name.clone());
            changes.retired.push(self.take_out(name, member).await);
            return Some(self.send_out(name, character, token, Duration::ZERO));
        }
        if !now.is_like(&character) {
            changes.changed.push(name.clone());
            metrics::introduce(name, &character.voice);
            changes.retired.push(member.current.set(character));
        }
        Some(member)
    }

    fn send_out(
        self: &Arc<Self>,
        name: &PersonaName,
        character: Arc<Character>,
        token: Secret,
        delay: Duration,
    ) -> Member {
        if let (Some(wire), Updates::Webhook) = (&self.wire.webhook, character.persona.updates) {
            wire.doors.add(name);
        }
        self.app.standings.set(name, Standing::Starting);
        metrics::introduce(name, &character.voice);
        let stopping = self.lifecycle.stopping().child_token();
        let current = Current::new(character);
        let bot = Bot {
            app: Arc::clone(&self.app),
            name: name.clone(),
            current: current.clone(),
            token: token.clone(),
            wire: self.wire.clone(),
            stopping: stopping.clone(),
        };
        let fleet = Arc::clone(self);
        let task = self.lifecycle.spawn_shorter("persona", async move {
            if bot.run(delay).await == Ended::Refused {
                fleet.one_refused();
            }
        });
        Member { current, token, stopping, task }
    }

    /// Lets a persona's work end, and gives it up. Returns what it was.
    async fn take_out(&self, name: &PersonaName, member: Member) -> Arc<Character> {
        member.stopping.cancel();
        // A bot that died has been told of, and ends the daemon.
        let _ = member.task.await;
        let live = self.app.roster.get(name);
        self.app.roster.remove(name);
        if let Some(live) = live {
            let deadline = tokio::time::Instant::now() + DRAIN;
            while Arc::strong_count(&live) > 1 && tokio::time::Instant::now() < deadline {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            if let Err(error) = self.app.store.give_up(&live.lease, self.app.clock.now()).await {
                tracing::warn!(persona = %name, %error, "a persona can't be given up; whoever serves it next takes it up");
            }
        }
        if let Some(wire) = &self.wire.webhook {
            wire.doors.remove(name);
        }
        self.app.standings.remove(name);
        member.current.get()
    }

    /// With no token left that works there is nothing to run for.
    fn one_refused(&self) {
        if self.app.standings.all().values().all(|report| report.state == Standing::Refused) {
            tracing::error!("no persona's token was accepted; stopping");
            self.lifecycle.fail();
        }
    }
}
