//! The personas of this daemon and the bots that are out, and how a reload changes them: those whose manifest says the same go on
//! without noticing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use maskarad_engine::ModelKey;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::bot::{Bot, Ended};
use super::rooms::Sitter;
use super::{Wire, term};
use crate::app::App;
use crate::chat::{PersonaName, Seat, TransportKind};
use crate::config::persona::{Persona, Updates};
use crate::config::secret::Secret;
use crate::lifecycle::Lifecycle;
use crate::live::{Character, Speaker};
use crate::metrics;
use crate::standing::Standing;

/// Bots that may introduce themselves at once; the official server accepts about 20 new clients a minute.
const AT_ONCE: usize = 15;
/// Between two bots beyond those.
const STAGGER: Duration = Duration::from_secs(3);

/// All personas of this daemon, and the bots of those that have one.
pub struct Fleet {
    app: Arc<App>,
    wire: Wire,
    lifecycle: Lifecycle,
    members: Mutex<BTreeMap<PersonaName, Member>>,
}

/// A persona of this daemon.
struct Member {
    speaker: Arc<Speaker>,
    bot: Option<Bound>,
    /// Where nobody can look at a room, nobody sits in one.
    sitter: Option<Task>,
}

/// A bot that is out, by its token and the way of its updates.
struct Bound {
    token: Secret,
    updates: Updates,
    task: Task,
}

/// What a persona does somewhere.
struct Task {
    stopping: CancellationToken,
    ended: JoinHandle<()>,
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

    /// Brings the fleet to what the manifests say now.
    pub async fn reload(self: &Arc<Self>, characters: Vec<Character>) -> Changes {
        let mut members = self.members.lock().await;
        let mut changes = Changes::default();
        let wanted: BTreeMap<_, _> =
            characters.into_iter().map(|character| (character.persona.name.clone(), Arc::new(character))).collect();
        let gone: Vec<_> = members.keys().filter(|name| !wanted.contains_key(*name)).cloned().collect();
        for name in gone {
            if let Some(member) = members.remove(&name) {
                self.app.speakers.remove(&name);
                self.take_out(&name, member.bot).await;
                self.stand_up(&name, member.sitter).await;
                self.app.standings.remove(&name);
                changes.retired.push(member.speaker.character());
                metrics::dismiss(&name);
                changes.removed.push(name);
            }
        }
        let mut bots: usize = 0;
        for (name, character) in wanted {
            bots += usize::from(character.persona.token.is_some());
            let delay = STAGGER * u32::try_from(bots.saturating_sub(AT_ONCE + 1)).unwrap_or(u32::MAX);
            let member = match members.remove(&name) {
                Some(member) => self.changed(member, character, &mut changes).await,
                None => self.added(character, delay, &mut changes),
            };
            members.insert(name, member);
        }
        changes
    }

    /// The models that somebody speaks with.
    pub async fn models(&self) -> Vec<ModelKey> {
        let members = self.members.lock().await;
        members.values().map(|member| member.speaker.character().voice.model.key()).collect()
    }

    fn added(self: &Arc<Self>, character: Arc<Character>, delay: Duration, changes: &mut Changes) -> Member {
        let persona = Arc::clone(&character.persona);
        changes.added.push(persona.name.clone());
        metrics::introduce(&persona.name, &character.voice);
        let speaker = Arc::new(Speaker::new(character));
        self.app.speakers.add(speaker.name.clone(), Arc::clone(&speaker));
        let sitter = self.sit_down(&speaker);
        Member { bot: self.send_out(&speaker, &persona, delay), sitter, speaker }
    }

    async fn changed(self: &Arc<Self>, member: Member, character: Arc<Character>, changes: &mut Changes) -> Member {
        let Member { speaker, mut bot, sitter } = member;
        let (name, persona) = (speaker.name.clone(), Arc::clone(&character.persona));
        let refused = self.app.standings.of(&name) == Some(Standing::Refused);
        let same = bot.as_ref().map(|bot| (&bot.token, bot.updates))
            == persona.token.as_ref().map(|token| (token, persona.updates));
        let another = !speaker.character().is_like(&character);
        if refused || !same {
            self.take_out(&name, bot.take()).await;
        }
        if another {
            metrics::introduce(&name, &character.voice);
            changes.retired.push(speaker.become_another(character));
        }
        if refused || !same {
            bot = self.send_out(&speaker, &persona, Duration::ZERO);
            changes.restarted.push(name);
        } else if another {
            changes.changed.push(name);
        }
        Member { speaker, bot, sitter }
    }

    /// Sends a persona's bot out, where it has one.
    fn send_out(self: &Arc<Self>, speaker: &Arc<Speaker>, persona: &Persona, delay: Duration) -> Option<Bound> {
        let name = speaker.name.clone();
        let Some(token) = persona.token.clone() else {
            if self.is_asked() {
                self.app.standings.set(&name, Standing::Web);
            }
            return None;
        };
        if let (Some(wire), Updates::Webhook) = (&self.wire.webhook, persona.updates) {
            wire.doors.add(&name);
        }
        self.app.standings.set(&name, Standing::Starting);
        let stopping = self.lifecycle.stopping().child_token();
        let bot = Bot {
            app: Arc::clone(&self.app),
            speaker: Arc::clone(speaker),
            token: token.clone(),
            wire: self.wire.clone(),
            stopping: stopping.clone(),
        };
        let fleet = Arc::clone(self);
        let ended = self.lifecycle.spawn_shorter("persona", async move {
            if bot.run(delay).await == Ended::Refused {
                fleet.one_refused();
            }
        });
        Some(Bound { token, updates: persona.updates, task: Task { stopping, ended } })
    }

    /// Lets a persona into the rooms, where somebody can look at them.
    fn sit_down(&self, speaker: &Arc<Speaker>) -> Option<Task> {
        if !self.is_asked() {
            return None;
        }
        let stopping = self.lifecycle.stopping().child_token();
        let (app, speaker) = (Arc::clone(&self.app), Arc::clone(speaker));
        let sitter = Sitter { app, speaker, stopping: stopping.clone() };
        Some(Task { stopping, ended: self.lifecycle.spawn_shorter("rooms", sitter.run()) })
    }

    /// Lets a bot's work end, and gives its persona up.
    async fn take_out(&self, name: &PersonaName, bot: Option<Bound>) {
        let Some(bot) = bot else { return };
        self.end(name.at(TransportKind::Telegram), bot.task).await;
        if let Some(wire) = &self.wire.webhook {
            wire.doors.remove(name);
        }
        self.app.standings.remove(name);
    }

    /// The same for a persona in the rooms.
    async fn stand_up(&self, name: &PersonaName, sitter: Option<Task>) {
        let Some(task) = sitter else { return };
        self.end(name.at(TransportKind::Web), task).await;
    }

    async fn end(&self, seat: Seat, task: Task) {
        task.stopping.cancel();
        // One that died has been told of, and ends the daemon.
        let _ = task.ended.await;
        if let Some(live) = self.app.roster.get(&seat) {
            term::hand_over(&self.app, live).await;
        }
        self.app.spread.withdraw(&seat);
    }

    /// Whether personas without a bot are served, too.
    fn is_asked(&self) -> bool {
        self.app.api_open.load(Ordering::Relaxed)
    }

    /// With no token left that works there is nothing to run for, unless other programs may ask.
    fn one_refused(&self) {
        if !self.is_asked() && self.app.standings.all().values().all(|report| report.state == Standing::Refused) {
            tracing::error!("no persona's token was accepted; stopping");
            self.lifecycle.fail();
        }
    }
}
