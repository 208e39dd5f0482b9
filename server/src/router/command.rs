//! What a command changes, once it is known that its sender may give it.

use std::time::Duration;

use super::message::Heard;
use super::{Route, Router};
use crate::backoff::Backoff;
use crate::chat::UserId;
use crate::command::{self, Change, Command, Hearing, Needs, Permission, Scene};
use crate::config::persona::Persona;
use crate::store::{self, ChatSettings, Effect};

/// Commands of one person that are answered in an hour; later ones are carried out in silence.
const ANSWERS_HOURLY: u32 = 60;
/// How often Telegram is asked who administers a chat.
const ADMIN_ATTEMPTS: u32 = 3;

impl Router {
    /// A command addressed to this persona.
    pub(super) async fn command(&self, heard: &Heard<'_>, command: &Command) -> store::Result<Route> {
        let needs = command::permission(command, heard.message.chat_kind, &self.live.persona());
        let (outcome, refusal) = match self.permitted(heard, needs).await {
            Some(true) => return self.execute(heard, command).await,
            Some(false) => ("command_refused", command::refusal(needs, heard.language())),
            None => ("command_undecided", Some(heard.texts().admins_unknown())),
        };
        let notice = self.answer(heard, refusal).await;
        Ok(Route { outcome, effects: notice.into_iter().collect() })
    }

    async fn execute(&self, heard: &Heard<'_>, command: &Command) -> store::Result<Route> {
        // Not from the cache: what is changed is written back as a whole.
        let own = self.app.store.settings(&heard.key).await?;
        let persona = self.live.persona();
        let executed = command::execute(command, &self.scene(heard, &persona, own.as_ref(), command).await);
        let mut effects: Vec<Effect> = executed.change.map(|change| self.effect(heard, change)).into_iter().collect();
        effects.extend(self.answer(heard, Some(executed.answer)).await);
        Ok(Route { outcome: "command", effects })
    }

    /// A notice, unless the command is an old one: its effects count, but nobody waits for its answer. Nor is anybody
    /// answered without end: commands would be a way into flood control.
    pub(super) async fn answer(&self, heard: &Heard<'_>, text: Option<String>) -> Option<Effect> {
        let text = text.filter(|_| !heard.is_stale())?;
        let sender = heard.message.sender.id;
        let told = self.told.get(&sender).await.unwrap_or(0) + 1;
        self.told.insert(sender, told).await;
        (told <= ANSWERS_HOURLY).then(|| self.notice(heard, text))
    }

    /// `None` when it can't be told now.
    async fn permitted(&self, heard: &Heard<'_>, needs: Needs) -> Option<bool> {
        match needs.of(&heard.message.sender, self.live.persona().owner) {
            Permission::Granted => Some(true),
            Permission::Denied => Some(false),
            Permission::IfAdmin => self.is_admin(heard, heard.message.sender.id).await,
        }
    }

    /// Whether somebody administers the chat; asked a few times, `None` when nobody says.
    async fn is_admin(&self, heard: &Heard<'_>, user: UserId) -> Option<bool> {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(4));
        loop {
            match self.live.transport.is_admin(heard.message.chat.id, user).await {
                Ok(admin) => return Some(admin),
                Err(error) => {
                    tracing::warn!(persona = %self.live.name, %error, "who administers a chat could not be asked");
                }
            }
            if backoff.failures() == ADMIN_ATTEMPTS - 1 {
                return None;
            }
            tokio::time::sleep(backoff.next(&self.app.dice)).await;
        }
    }

    /// Whether the persona hears the whole group. Its privacy mode may have been switched off since it introduced itself.
    async fn hearing(&self, heard: &Heard<'_>) -> Hearing {
        let me = &self.live.me;
        if me.can_read_all_group_messages || self.live.transport.hears_groups().await.unwrap_or(false) {
            return Hearing::Everything;
        }
        Hearing::of(me, self.is_admin(heard, me.id).await.unwrap_or(false))
    }

    async fn scene<'a>(
        &self,
        heard: &Heard<'_>,
        persona: &'a Persona,
        own: Option<&'a ChatSettings>,
        command: &Command,
    ) -> Scene<'a> {
        let blind_matters = matches!(command, Command::Insanity(_) | Command::Chance(_));
        let hearing = if blind_matters { self.hearing(heard).await } else { Hearing::Everything };
        Scene {
            persona,
            kind: heard.message.chat_kind,
            own,
            hearing,
            now: self.app.clock.now(),
            language: heard.language(),
        }
    }

    fn effect(&self, heard: &Heard<'_>, change: Change) -> Effect {
        let persona = self.live.name.clone();
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
