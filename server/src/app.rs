//! What every task of the daemon shares, built once.

mod settings_cache;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::Notify;

use self::settings_cache::SettingsCache;
use crate::chat::ChatKey;
use crate::clock::{Clock, Dice};
use crate::generator::Generator;
use crate::live::{Roster, Speakers};
use crate::load::{Bounds, Load};
use crate::pacing::{Guides, Pacer};
use crate::spread::{Identity, Spread};
use crate::standing::Standings;
use crate::store::{ChatSettings, Store};
use crate::trigger::STALE_AFTER;
use crate::web::Rooms;

/// Shared by all tasks.
pub struct App {
    /// State that outlives the process.
    pub store: Arc<dyn Store>,
    /// Makes tokens.
    pub generator: Arc<dyn Generator>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Chance triggers, seeds, jitter.
    pub dice: Dice,
    /// The personas there are.
    pub speakers: Speakers,
    /// Those that are up.
    pub roster: Roster,
    /// Where they meet people without Telegram.
    pub rooms: Rooms,
    /// How each persona stands.
    pub standings: Standings,
    /// Who of several daemons should serve whom.
    pub spread: Spread,
    /// Whether other programs may ask for replies, so that personas without a bot are served, too.
    pub api_open: AtomicBool,
    /// Numbers that may be tuned.
    pub limits: Limits,
    /// Whether there is room for more.
    pub load: Load,
    /// What was sent lately.
    pub pacer: Pacer,
    /// Rung when a job waits to be claimed.
    pub jobs: Notify,
    /// Rung when a reply waits to be sent.
    pub replies: Notify,
    settings: SettingsCache,
}

/// Bounds of the daemon's work.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Replies in the making at once.
    pub replies_at_once: usize,
    /// Chats that are routed at once, for each persona.
    pub routed_at_once: usize,
    /// Chats that are sent to at once.
    pub sends_at_once: usize,
    /// How often a webhook is looked after.
    pub webhook_check: Duration,
    /// How fast a bot may write.
    pub guides: Guides,
    /// How much may wait.
    pub bounds: Bounds,
    /// How old a message may be when it arrives, to be answered.
    pub stale_after: time::Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            replies_at_once: 64,
            routed_at_once: 16,
            sends_at_once: 64,
            webhook_check: Duration::from_secs(60),
            guides: Guides::default(),
            bounds: Bounds::default(),
            stale_after: STALE_AFTER,
        }
    }
}

impl Limits {
    /// With workers many more replies are in the making at once than one engine would make.
    pub fn with_workers() -> Self {
        Self { replies_at_once: 512, ..Self::default() }
    }
}

/// What an [`App`] is built from.
pub struct Parts {
    /// State that outlives the process.
    pub store: Arc<dyn Store>,
    /// Makes tokens.
    pub generator: Arc<dyn Generator>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Chance triggers, seeds, jitter.
    pub dice: Dice,
    /// Numbers that may be tuned.
    pub limits: Limits,
    /// Who this daemon is, among those of its database.
    pub identity: Identity,
}

impl App {
    /// Builds it, with no persona up yet.
    pub fn new(parts: Parts) -> Self {
        let roster = Roster::default();
        Self {
            rooms: Rooms::new(Arc::clone(&parts.store), roster.clone()),
            roster,
            store: parts.store,
            generator: parts.generator,
            clock: parts.clock,
            dice: parts.dice,
            limits: parts.limits,
            api_open: AtomicBool::new(false),
            load: Load::default(),
            pacer: Pacer::new(parts.limits.guides),
            speakers: Speakers::default(),
            standings: Standings::default(),
            spread: Spread::new(parts.identity),
            jobs: Notify::new(),
            replies: Notify::new(),
            settings: SettingsCache::new(),
        }
    }

    /// A chat's settings, from the cache where possible; `None` where nothing was ever set.
    ///
    /// # Errors
    /// As the store says.
    pub async fn settings(&self, key: &ChatKey) -> crate::store::Result<Option<ChatSettings>> {
        self.settings.get(key, async || self.store.settings(key).await).await
    }

    /// Forgets all cached chats: another daemon may have changed them.
    pub fn forget_all_settings(&self) {
        self.settings.forget_all();
    }

    /// Forgets a cached chat: its settings have changed.
    pub async fn forget_settings(&self, key: &ChatKey) {
        self.settings.forget(key).await;
    }
}
