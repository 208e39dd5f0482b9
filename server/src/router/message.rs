//! What a message changes: it is remembered, and it may deserve an answer.

use time::OffsetDateTime;

use super::allowed::Asked;
use super::{Route, Router};
use crate::access::{self, Admission, Blocking};
use crate::chat::{ChatKey, Conversation, Message, SenderKind, UserId};
use crate::command::{self, Parsed};
use crate::request::RequestId;
use crate::settings::EffectiveSettings;
use crate::store::{self, Author, ChatSettings, Effect, HistoryMessage, NewJob, StoredUpdate};
use crate::texts;
use crate::trigger::{self, Decision, Moment, Trigger};

/// A message with what is known about its chat.
pub(super) struct Heard<'a> {
    pub(super) message: &'a Message,
    pub(super) key: ChatKey,
    pub(super) conversation: Conversation,
    pub(super) own: Option<ChatSettings>,
    pub(super) settings: EffectiveSettings,
    pub(super) received_at: OffsetDateTime,
    pub(super) request: RequestId,
    pub(super) stale_after: time::Duration,
}

impl Heard<'_> {
    /// The language to speak with the sender.
    pub(super) fn texts(&self) -> &'static dyn texts::Texts {
        texts::in_language(self.language())
    }

    pub(super) fn language(&self) -> crate::chat::Language {
        texts::choose(self.settings.language, self.message.sender.language.as_deref())
    }

    /// Whether the message was old when it arrived: its effects count, but nobody waits for an answer any more.
    pub(super) fn is_stale(&self) -> bool {
        self.received_at - self.message.sent_at > self.stale_after
    }

    fn remembered(&self) -> Option<Effect> {
        let worth = !self.message.text.is_empty() && self.message.sender.kind != SenderKind::Bot;
        worth.then(|| Effect::Remember(history(&self.conversation, self.message)))
    }

    /// What the message answers, for a persona that could not hear it when it was said. Its own words it knows.
    fn replied_to(&self, me: UserId) -> Option<HistoryMessage> {
        let replied = self.message.reply_to.as_ref().filter(|replied| !replied.text.is_empty())?;
        let author = replied.sender.as_ref().filter(|sender| sender.id != me)?;
        Some(HistoryMessage {
            conversation: self.conversation.clone(),
            id: replied.id,
            author: Author::Other { id: author.id, name: author.name.clone() },
            text: replied.text.clone(),
            sent_at: self.message.sent_at,
            reply_to: None,
        })
    }

    pub(super) fn job(&self, trigger: Trigger, seed: i64, notice: Option<String>) -> Effect {
        Effect::Enqueue(NewJob {
            conversation: self.conversation.clone(),
            chat_kind: self.message.chat_kind,
            message: self.message.id,
            sender: self.message.sender.id,
            trigger,
            seed,
            notice,
            request: self.request.clone(),
            created_at: self.received_at,
        })
    }
}

impl Router {
    /// A new message.
    pub(super) async fn message(
        &self,
        message: &Message,
        stored: &StoredUpdate,
        asked: &mut Asked,
    ) -> store::Result<Route> {
        let heard = self.heard(message, stored).await?;
        let mut route = match self.admission(message, heard.own.as_ref()).await? {
            Admission::Admitted => self.admitted(&heard, asked).await?,
            Admission::PrivateClosed => return self.turn_away_privately(&heard).await,
            Admission::GroupClosed => {
                return self.turn_away_group(&heard.key, heard.own.as_ref(), heard.language()).await;
            }
            Admission::Blocked => return Ok(Route::nothing("blocked")),
        };
        let sets = route.effects.iter().any(|effect| matches!(effect, Effect::Settings(..)));
        // News come as messages without a text, that of the persona's own removal among them.
        let written = !message.text.is_empty();
        if !sets && written && heard.own.as_ref().is_some_and(|own| !own.active) {
            // Not from the cache: what is changed is written back as a whole.
            let closed = self.app.store.settings(&heard.key).await?.filter(|own| !own.active);
            let reopened = closed.map(|own| Effect::Settings(heard.key.clone(), ChatSettings { active: true, ..own }));
            route.effects.extend(reopened);
        }
        Ok(route)
    }

    async fn admission(&self, message: &Message, own: Option<&ChatSettings>) -> store::Result<Admission> {
        let blocked = self.is_blocked(message.sender.id).await?;
        let blocking = if blocked { Blocking::Blocked } else { Blocking::Welcome };
        let former = own.and_then(|own| own.former_id);
        Ok(access::admit(&self.live.persona(), message, former, blocking))
    }

    async fn heard<'a>(&self, message: &'a Message, stored: &StoredUpdate) -> store::Result<Heard<'a>> {
        let key = self.key_of(message);
        let own = self.app.settings(&key).await?;
        let settings = EffectiveSettings::of(&self.live.persona(), message.chat_kind, own.as_ref());
        let conversation = Conversation { persona: key.persona.clone(), chat: message.chat };
        let stale_after = self.app.limits.stale_after;
        let (received_at, request) = (stored.received_at, self.request(stored.update.update_id));
        Ok(Heard { message, key, conversation, own, settings, received_at, request, stale_after })
    }

    async fn admitted(&self, heard: &Heard<'_>, asked: &mut Asked) -> store::Result<Route> {
        let remembered = heard.remembered();
        let replied_to = match &remembered {
            Some(_) => self.welcome(heard.replied_to(self.live.me.id)).await?,
            None => None,
        };
        let met = self.meets(heard.message, heard.received_at).await;
        let mut effects: Vec<Effect> = met.into_iter().chain(replied_to).chain(remembered).collect();
        match command::parse(heard.message, &self.live.me) {
            Some(Parsed::Ours(command)) => {
                let mut route = self.command(heard, &command).await?;
                effects.append(&mut route.effects);
                return Ok(Route { effects, ..route });
            }
            Some(Parsed::Unknown(command::Addressee::Us)) => {
                effects.extend(self.answer(heard, Some(heard.texts().unknown_command())).await);
                return Ok(Route { outcome: "unknown_command", effects });
            }
            _ => {}
        }
        let (now, dice) = (heard.received_at, self.app.dice.fraction());
        let moment = Moment { now, dice, stale_after: heard.stale_after };
        let decision = trigger::decide(&self.live.persona(), &self.live.me, &heard.settings, heard.message, moment);
        let outcome = match decision {
            Decision::Ignore(reason) => reason.as_str(),
            Decision::Answer(trigger) => {
                let (outcome, effect) = self.allowed(heard, trigger, asked).await?;
                effects.extend(effect);
                outcome
            }
        };
        Ok(Route { outcome, effects })
    }

    /// What is to be remembered, unless its author is blocked: their words don't come in through somebody's reply.
    async fn welcome(&self, remembered: Option<HistoryMessage>) -> store::Result<Option<Effect>> {
        let Some(message) = remembered else { return Ok(None) };
        let blocked = match &message.author {
            Author::Other { id, .. } => self.is_blocked(*id).await?,
            Author::Persona => false,
        };
        Ok((!blocked).then_some(Effect::Remember(message)))
    }

    pub(super) fn notice(&self, heard: &Heard<'_>, text: String) -> Effect {
        heard.job(Trigger::Notice, 0, Some(text))
    }

    async fn turn_away_privately(&self, heard: &Heard<'_>) -> store::Result<Route> {
        if heard.own.as_ref().is_some_and(|own| own.told_off) {
            return Ok(Route::nothing("private_closed"));
        }
        let own = self.app.store.settings(&heard.key).await?;
        let told = ChatSettings { told_off: true, ..own.unwrap_or_default() };
        let effects =
            vec![Effect::Settings(heard.key.clone(), told), self.notice(heard, heard.texts().private_closed())];
        Ok(Route { outcome: "private_closed", effects })
    }

    /// What was said where the persona only listens.
    pub(super) async fn overheard(&self, message: &Message, stored: &StoredUpdate) -> Route {
        let mut route = self.context(message);
        route.effects.extend(self.meets(message, stored.received_at).await);
        route
    }

    /// A message that is worth remembering and never answered.
    fn context(&self, message: &Message) -> Route {
        let conversation = Conversation { persona: self.live.name.clone(), chat: message.chat };
        let remembered = (!message.text.is_empty()).then(|| Effect::Remember(history(&conversation, message)));
        Route { outcome: "context", effects: remembered.into_iter().collect() }
    }

    /// A message that was changed. One we never saw is remembered as it is now, unless it would not have been at first.
    pub(super) async fn edited(&self, message: &Message) -> store::Result<Route> {
        if message.sender.kind == SenderKind::Bot || message.text.is_empty() {
            return Ok(Route::nothing("edited"));
        }
        let key = self.key_of(message);
        let own = self.app.settings(&key).await?;
        if self.admission(message, own.as_ref()).await? != Admission::Admitted {
            return Ok(Route::nothing("edited"));
        }
        let mut route = self.context(message);
        route.effects.push(Effect::Edit { key, message: message.id, text: message.text.clone() });
        Ok(Route { outcome: "edited", ..route })
    }
}

fn history(conversation: &Conversation, message: &Message) -> HistoryMessage {
    HistoryMessage {
        conversation: conversation.clone(),
        id: message.id,
        author: Author::Other { id: message.sender.id, name: message.sender.name.clone() },
        text: message.text.clone(),
        sent_at: message.sent_at,
        reply_to: message.reply_to.as_ref().map(|replied| replied.id),
    }
}
