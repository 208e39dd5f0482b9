//! What a command changes, once it is known that its sender may give it.

use super::message::Heard;
use super::{Route, Router};
use crate::command::{self, Change, Command, Hearing, Needs, Permission, Scene};
use crate::store::{self, ChatSettings, Effect};

impl Router {
    /// A command addressed to this persona.
    pub(super) async fn command(&self, heard: &Heard<'_>, command: &Command) -> store::Result<Route> {
        let needs = command::permission(command, heard.message.chat_kind, &self.live.persona);
        if !self.permitted(heard, needs).await {
            let refusal = command::refusal(needs, heard.language()).filter(|_| !heard.is_stale());
            let effects = refusal.map(|text| self.notice(heard, text)).into_iter().collect();
            return Ok(Route { outcome: "command_refused", effects });
        }
        // Not from the cache: what is changed is written back as a whole.
        let own = self.app.store.settings(&heard.key).await?;
        let executed = command::execute(command, &self.scene(heard, own.as_ref(), command).await);
        let mut effects: Vec<Effect> = executed.change.map(|change| self.effect(heard, change)).into_iter().collect();
        if !heard.is_stale() {
            effects.push(self.notice(heard, executed.answer));
        }
        Ok(Route { outcome: "command", effects })
    }

    async fn permitted(&self, heard: &Heard<'_>, needs: Needs) -> bool {
        match needs.of(&heard.message.sender, self.live.persona.owner) {
            Permission::Granted => true,
            Permission::Denied => false,
            Permission::IfAdmin => self.is_admin(heard, heard.message.sender.id).await,
        }
    }

    /// An administrator who can't be recognised now is told that only administrators may, and asks again.
    async fn is_admin(&self, heard: &Heard<'_>, user: crate::chat::UserId) -> bool {
        self.live.transport.is_admin(heard.message.chat.id, user).await.unwrap_or_else(|error| {
            tracing::warn!(persona = %self.live.persona.name, %error, "who administers a chat could not be asked");
            false
        })
    }

    async fn scene<'a>(&'a self, heard: &Heard<'_>, own: Option<&'a ChatSettings>, command: &Command) -> Scene<'a> {
        let blind_matters = matches!(command, Command::Insanity(_) | Command::Chance(_));
        let asks = blind_matters && !self.live.me.can_read_all_group_messages;
        let administers = asks && self.is_admin(heard, self.live.me.id).await;
        Scene {
            persona: &self.live.persona,
            kind: heard.message.chat_kind,
            own,
            hearing: Hearing::of(&self.live.me, administers),
            now: self.app.clock.now(),
            language: heard.language(),
        }
    }

    fn effect(&self, heard: &Heard<'_>, change: Change) -> Effect {
        let persona = self.live.persona.name.clone();
        match change {
            Change::Settings(settings) => {
                Effect::Settings(heard.key.clone(), ChatSettings { active: true, ..settings })
            }
            Change::Reset => Effect::Reset(heard.conversation.clone()),
            Change::Block(user) => Effect::Block { persona, user, blocked: true },
            Change::Unblock(user) => Effect::Block { persona, user, blocked: false },
        }
    }
}
