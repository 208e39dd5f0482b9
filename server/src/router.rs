//! From a stored update to what it changes: history, settings, jobs. One update of a chat at a time, chats in parallel.
//!
//! All changes of an update are one transaction, applied at most once; what an update means is decided by pure functions
//! ([`crate::trigger`], [`crate::command`], [`crate::access`]).

mod command;
mod membership;
mod message;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use moka::future::Cache;

use crate::app::App;
use crate::chat::{ChatId, ChatKey, Message, TransportKind, UserId};
use crate::live::LivePersona;
use crate::pump::{Rest, Work};
use crate::store::{self, Effect, Routed, StoredUpdate};
use crate::telegram::update::{self, Incoming};

/// How long a chat rests after the store failed it.
const AFTER_AN_ERROR: Rest = Rest(Duration::from_secs(1));
/// How long somebody who used up an hour's answers isn't told so again.
const TOLD_FOR: Duration = Duration::from_secs(3600);

/// Routes the updates of one persona.
pub struct Router {
    app: Arc<App>,
    live: Arc<LivePersona>,
    told_spent: Cache<(ChatKey, UserId), ()>,
    /// How many answers to commands each person had within the hour.
    told: Cache<UserId, u32>,
}

/// What an update changes, and a word for what became of it.
struct Route {
    outcome: &'static str,
    effects: Vec<Effect>,
}

impl Route {
    fn nothing(outcome: &'static str) -> Self {
        Self { outcome, effects: Vec::new() }
    }
}

#[async_trait]
impl Work for Router {
    /// Updates without a chat count as one chat.
    type Key = Option<ChatId>;
    type Item = StoredUpdate;
    const NAME: &'static str = "router";

    async fn find(&self, busy: &[Option<ChatId>], room: usize) -> store::Result<Vec<(Option<ChatId>, StoredUpdate)>> {
        let room = u32::try_from(room).unwrap_or(u32::MAX);
        let updates = self.app.store.unrouted(self.live.bot_id, busy, room).await?;
        Ok(updates.into_iter().map(|stored| (stored.update.chat, stored)).collect())
    }

    async fn work(&self, stored: StoredUpdate) -> Rest {
        let update_id = stored.update.update_id;
        let persona = &self.live.persona.name;
        match self.route(&stored).await {
            Ok(()) => {}
            Err(error) if self.live.is_fenced(&error) => return AFTER_AN_ERROR,
            Err(error) if error.is_transient() => {
                tracing::warn!(%persona, update_id, %error, "an update waits for the store");
                return AFTER_AN_ERROR;
            }
            Err(error) => {
                tracing::error!(%persona, update_id, %error, "an update could not be routed; it is left out");
                let left_out = Route::nothing("failed");
                if let Err(error) = self.apply(&stored, left_out).await {
                    tracing::error!(%persona, update_id, %error, "nor could that be recorded");
                    return AFTER_AN_ERROR;
                }
            }
        }
        Rest::NONE
    }
}

impl Router {
    /// A router for one persona.
    pub fn new(app: Arc<App>, live: Arc<LivePersona>) -> Self {
        Self { app, live, told_spent: within_the_hour(), told: within_the_hour() }
    }

    async fn route(&self, stored: &StoredUpdate) -> store::Result<()> {
        let route = match update::parse(&stored.update.raw) {
            Ok(incoming) => self.incoming(incoming, stored).await?,
            Err(error) => {
                let (persona, update_id) = (&self.live.persona.name, stored.update.update_id);
                tracing::warn!(%persona, update_id, %error, "an update can't be read; it is left out");
                Route::nothing("malformed")
            }
        };
        self.apply(stored, route).await
    }

    async fn incoming(&self, incoming: Incoming, stored: &StoredUpdate) -> store::Result<Route> {
        match incoming {
            Incoming::Message(message) => self.message(&message, stored.received_at).await,
            Incoming::Context(message) => Ok(self.context(&message)),
            Incoming::Edited(message) => self.edited(&message).await,
            Incoming::MyMembership(membership) => self.membership(&membership).await,
            Incoming::MembersChanged { chat, user } => {
                self.live.transport.rights_changed(chat, user).await;
                Ok(Route::nothing("members_changed"))
            }
            Incoming::Migrated { from, to } if from == to => Ok(Route::nothing("migrated")),
            Incoming::Migrated { from, to } => {
                let effects = vec![Effect::Migrate { key: self.key(from), to }];
                Ok(Route { outcome: "migrated", effects })
            }
            Incoming::Ignored(kind) => Ok(Route::nothing(kind)),
        }
    }

    /// Applies a route and wakes whom it concerns.
    async fn apply(&self, stored: &StoredUpdate, route: Route) -> store::Result<()> {
        let routed = Routed {
            bot: stored.bot,
            update_id: stored.update.update_id,
            outcome: route.outcome,
            effects: route.effects,
        };
        let applied = self.app.store.apply(&self.live.lease, &routed, self.app.clock.now()).await;
        // Even after an error: a commit may have worked, and only its answer been lost.
        self.announce(&routed.effects).await;
        applied?;
        tracing::debug!(
            persona = %self.live.persona.name, update_id = routed.update_id, outcome = routed.outcome, "routed"
        );
        Ok(())
    }

    async fn announce(&self, effects: &[Effect]) {
        for effect in effects {
            match effect {
                Effect::Settings(key, _) => self.app.forget_settings(key).await,
                Effect::Migrate { key, to } => {
                    self.app.forget_settings(key).await;
                    self.app.forget_settings(&ChatKey { chat: *to, ..key.clone() }).await;
                }
                Effect::Enqueue(job) if job.notice.is_some() => self.app.replies.notify_one(),
                Effect::Enqueue(_) => self.app.jobs.notify_one(),
                Effect::Remember(_) | Effect::Edit { .. } | Effect::Reset(_) | Effect::Block { .. } => {}
            }
        }
    }

    fn key(&self, chat: ChatId) -> ChatKey {
        ChatKey { persona: self.live.persona.name.clone(), transport: TransportKind::Telegram, chat }
    }

    fn key_of(&self, message: &Message) -> ChatKey {
        ChatKey { persona: self.live.persona.name.clone(), transport: message.chat.transport, chat: message.chat.id }
    }
}

fn within_the_hour<K, V>() -> Cache<K, V>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder().max_capacity(10_000).time_to_live(TOLD_FOR).build()
}
