//! What it changes that the persona was added, removed, blocked or let back in.

use super::{Route, Router};
use crate::access;
use crate::chat::{ChatKey, ChatKind, Language};
use crate::incoming::MyMembership;
use crate::store::{self, ChatSettings, Effect, KnownChat};
use crate::texts;
use crate::transport::Outgoing;

impl Router {
    /// The persona's own standing in a chat has changed.
    pub(super) async fn membership(&self, membership: &MyMembership) -> store::Result<Route> {
        let key = self.key(membership.chat);
        // Not from the cache: what is changed is written back as a whole.
        let own = self.app.store.settings(&key).await?;
        self.live.transport.rights_changed(membership.chat, self.live.me.id).await;
        let former = own.as_ref().and_then(|own| own.former_id);
        let present = membership.standing.may_write();
        if present
            && membership.chat_kind == ChatKind::Group
            && !access::may_stay(&self.live.persona().access, key.chat, former)
        {
            let language = texts::choose(None, membership.by.language.as_deref());
            return self.turn_away_group(&key, own.as_ref(), language).await;
        }
        let settings = ChatSettings { active: present, ..own.unwrap_or_default() };
        let (kind, title, last_at) = (membership.chat_kind, membership.chat_title.clone(), self.app.clock.now());
        let met = self.news(KnownChat { key: key.clone(), kind, title, last_at }).await;
        let effects = met.into_iter().chain([Effect::Settings(key, settings)]);
        Ok(Route { outcome: "membership", effects: effects.collect() })
    }

    /// Tells a group once that the persona may not stay, and leaves. Not a job: there is nobody left to deliver it.
    pub(super) async fn turn_away_group(
        &self,
        key: &ChatKey,
        own: Option<&ChatSettings>,
        language: Language,
    ) -> store::Result<Route> {
        let told = own.is_some_and(|own| own.told_off);
        let chat = crate::chat::ChatRef { transport: key.transport, id: key.chat, thread: None };
        if !told {
            let text = texts::in_language(language).group_closed();
            let outgoing = Outgoing { chat, text, reply_to: None };
            if let Err(error) = self.live.transport.send(&outgoing).await {
                tracing::info!(persona = %self.live.name, %error, "a group that is not allowed could not be told so");
            }
        }
        if let Err(error) = self.live.transport.leave(key.chat).await {
            tracing::warn!(persona = %self.live.name, %error, "a group that is not allowed could not be left");
        }
        let own = self.app.store.settings(key).await?;
        let settings = ChatSettings { told_off: true, active: false, ..own.unwrap_or_default() };
        Ok(Route { outcome: "group_closed", effects: vec![Effect::Settings(key.clone(), settings)] })
    }
}
