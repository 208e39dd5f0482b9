//! From a stored update to what it changes: history, settings, jobs. One update of a chat at a time, chats in parallel.
//!
//! All changes of an update are in one transaction, applied at most once; what an update means is decided by pure functions
//! ([`crate::trigger`], [`crate::command`], [`crate::access`]).

mod allowed;
mod command;
mod meeting;
mod membership;
mod message;

use std::sync::Arc;
use std::time::Duration;

use self::allowed::Asked;
use async_trait::async_trait;
use moka::future::Cache;
use tracing::Instrument;

use crate::app::App;
use crate::chat::{ChatId, ChatKey, Message, UserId};
use crate::incoming::Incoming;
use crate::live::LivePersona;
use crate::metrics;
use crate::pump::{Rest, Work};
use crate::request::RequestId;
use crate::store::{self, Effect, KnownChat, Routed, StoreError, StoredUpdate};

/// Updates of one chat that are applied together.
const BATCH: u32 = 50;
/// How long a persona's list of the blocked is believed, should a change of it have been missed.
const BLOCKED_FOR: Duration = Duration::from_secs(60);
/// How long a chat rests after the store failed it.
const AFTER_AN_ERROR: Rest = Rest(Duration::from_secs(1));
/// How long somebody who used up an hour's answers isn't told so again.
const TOLD_FOR: Duration = Duration::from_secs(3600);

/// Routes the updates of one persona.
pub struct Router {
    app: Arc<App>,
    live: Arc<LivePersona>,
    told_spent: Cache<(ChatKey, UserId), ()>,
    told_busy: Cache<ChatKey, ()>,
    /// How many answers to commands each person had within the hour.
    told: Cache<UserId, u32>,
    /// Whom the persona doesn't answer, and whom it does.
    blocked: Cache<UserId, bool>,
    /// What was noted of chats lately.
    met: Cache<ChatKey, KnownChat>,
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
        match self.route(stored.update.chat, BATCH).await {
            Ok(()) => Rest::NONE,
            Err(error) => {
                let span = self.request(stored.update.update_id).span();
                self.refused(&stored, &error).instrument(span).await
            }
        }
    }
}

impl Router {
    /// A router for one persona.
    pub fn new(app: Arc<App>, live: Arc<LivePersona>) -> Self {
        let blocked = Cache::builder().max_capacity(10_000).time_to_live(BLOCKED_FOR).build();
        Self {
            app,
            live,
            told_spent: within_the_hour(),
            told_busy: within_the_hour(),
            told: within_the_hour(),
            blocked,
            met: within_the_hour(),
        }
    }

    /// Routes what waits in a chat, a batch at a time: what one update sets counts for the next.
    async fn route(&self, chat: Option<ChatId>, limit: u32) -> store::Result<()> {
        let updates = self.app.store.unrouted_in(self.live.bot_id, chat, limit).await?;
        let (mut asked, mut batch) = (Asked::default(), Vec::new());
        for stored in &updates {
            let span = self.request(stored.update.update_id).span();
            let route = self.decide(stored, &mut asked).instrument(span).await?;
            let sets = route.effects.iter().any(sets);
            batch.push(routed(stored, route));
            if sets {
                self.apply(&std::mem::take(&mut batch)).await?;
            }
        }
        self.apply(&batch).await
    }

    /// What follows for the first update of a chat whose batch could not be routed.
    async fn refused(&self, stored: &StoredUpdate, error: &StoreError) -> Rest {
        if self.live.is_fenced(error) {
            return AFTER_AN_ERROR;
        }
        if error.is_transient() {
            let (persona, update_id) = (&self.live.name, stored.update.update_id);
            tracing::warn!(%persona, update_id, %error, "an update waits for the store");
            return AFTER_AN_ERROR;
        }
        self.route_one(stored, error).await
    }

    /// Routes the first update of a chat whose batch the store refused; one that it refuses by itself is left out.
    async fn route_one(&self, stored: &StoredUpdate, why: &StoreError) -> Rest {
        let (persona, update_id) = (&self.live.name, stored.update.update_id);
        tracing::warn!(%persona, update_id, error = %why, "updates were refused together; they are routed one by one");
        let Err(error) = self.route(stored.update.chat, 1).await else { return Rest::NONE };
        if error.is_transient() || self.live.is_fenced(&error) {
            return AFTER_AN_ERROR;
        }
        tracing::error!(%persona, update_id, %error, "an update could not be routed; it is left out");
        if let Err(error) = self.apply(&[routed(stored, Route::nothing("failed"))]).await {
            tracing::error!(%persona, update_id, %error, "nor could that be recorded");
            return AFTER_AN_ERROR;
        }
        Rest::NONE
    }

    async fn decide(&self, stored: &StoredUpdate, asked: &mut Asked) -> store::Result<Route> {
        match self.live.transport.read(&stored.update.raw) {
            Ok(incoming) => self.incoming(incoming, stored, asked).await,
            Err(error) => {
                let (persona, update_id) = (&self.live.name, stored.update.update_id);
                tracing::warn!(%persona, update_id, %error, "an update can't be read; it is left out");
                Ok(Route::nothing("malformed"))
            }
        }
    }

    async fn incoming(&self, incoming: Incoming, stored: &StoredUpdate, asked: &mut Asked) -> store::Result<Route> {
        match incoming {
            Incoming::Message(message) => self.message(&message, stored, asked).await,
            Incoming::Context(message) => Ok(self.overheard(&message, stored).await),
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

    /// Applies routes and wakes whom they concern.
    async fn apply(&self, routed: &[Routed]) -> store::Result<()> {
        if routed.is_empty() {
            return Ok(());
        }
        let applied = self.app.store.apply(&self.live.lease, routed, self.app.clock.now()).await;
        // Even after an error: a commit may have worked, and only its answer been lost.
        for update in routed {
            self.announce(&update.effects).await;
        }
        // Of updates that had been routed before, by a commit whose answer was lost, each was counted then or never.
        if applied? > 0 {
            metrics::routed(&self.live.name, routed);
        }
        for Routed { update_id, outcome, .. } in routed {
            self.request(*update_id)
                .span()
                .in_scope(|| tracing::debug!(persona = %self.live.name, update_id, outcome, "routed"));
        }
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
                Effect::Block { user, .. } => self.blocked.invalidate(user).await,
                Effect::Meet(chat) => self.met.insert(chat.key.clone(), chat.clone()).await,
                Effect::Remember(_) | Effect::Edit { .. } | Effect::Reset(_) => {}
            }
        }
    }

    fn request(&self, update_id: i64) -> RequestId {
        RequestId::of_update(&self.live.seat(), update_id)
    }

    fn key(&self, chat: ChatId) -> ChatKey {
        ChatKey { persona: self.live.name.clone(), transport: self.live.lease.transport, chat }
    }

    fn key_of(&self, message: &Message) -> ChatKey {
        ChatKey { persona: self.live.name.clone(), transport: message.chat.transport, chat: message.chat.id }
    }
}

/// Whether the next update must be decided after this was applied.
fn sets(effect: &Effect) -> bool {
    match effect {
        Effect::Settings(..) | Effect::Reset(_) | Effect::Migrate { .. } | Effect::Block { .. } => true,
        Effect::Meet(_) | Effect::Remember(_) | Effect::Edit { .. } | Effect::Enqueue(_) => false,
    }
}

fn routed(stored: &StoredUpdate, route: Route) -> Routed {
    Routed { bot: stored.bot, update_id: stored.update.update_id, outcome: route.outcome, effects: route.effects }
}

fn within_the_hour<K, V>() -> Cache<K, V>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder().max_capacity(10_000).time_to_live(TOLD_FOR).build()
}
