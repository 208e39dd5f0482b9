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

use super::Wire;
use super::bot::{Bot, Ended};
use crate::app::App;
use crate::chat::PersonaName;
use crate::config::persona::{Persona, Updates};
use crate::config::secret::Secret;
use crate::lifecycle::{DRAIN, Lifecycle};
use crate::live::{Character, Speaker};
use crate::metrics;
use crate::standing::Standing;

/// Bots that may introduce themselves at once; the official server accepts about 20 new clients a minute.
const AT_ONCE: usize = 15;
/// Between two bots beyond those.
const STAGGER: Duration = Duration::from_secs(3);
/// How often whoever waits for the end of a persona's work looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

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
    bot: Option<BotTask>,
}

/// A bot that is out.
struct BotTask {
    token: Secret,
    updates: Updates,
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
        self.app.speakers.add(Arc::clone(&speaker));
        Member { bot: self.send_out(&speaker, &persona, delay), speaker }
    }

    async fn changed(self: &Arc<Self>, member: Member, character: Arc<Character>, changes: &mut Changes) -> Member {
        let Member { speaker, mut bot } = member;
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
        Member { speaker, bot }
    }

    /// Sends a persona's bot out, where it has one.
    fn send_out(self: &Arc<Self>, speaker: &Arc<Speaker>, persona: &Persona, delay: Duration) -> Option<BotTask> {
        let (name, token, updates) = (speaker.name.clone(), persona.token.clone()?, persona.updates);
        if let (Some(wire), Updates::Webhook) = (&self.wire.webhook, updates) {
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
        let task = self.lifecycle.spawn_shorter("persona", async move {
            if bot.run(delay).await == Ended::Refused {
                fleet.one_refused();
            }
        });
        Some(BotTask { token, updates, stopping, task })
    }

    /// Lets a bot's work end, and gives its persona up.
    async fn take_out(&self, name: &PersonaName, bot: Option<BotTask>) {
        let Some(bot) = bot else { return };
        bot.stopping.cancel();
        // A bot that died has been told of, and ends the daemon.
        let _ = bot.task.await;
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
    }

    /// With no token left that works there is nothing to run for, unless other programs may ask.
    fn one_refused(&self) {
        let served = self.app.api_open.load(Ordering::Relaxed);
        if !served && self.app.standings.all().values().all(|report| report.state == Standing::Refused) {
            tracing::error!("no persona's token was accepted; stopping");
            self.lifecycle.fail();
        }
    }
}
