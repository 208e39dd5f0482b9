//! One reply, from a claimed job to a stored text.

use std::sync::Arc;
use std::time::Duration;

use super::typing::while_typing;
use crate::app::App;
use crate::attempts::End;
use crate::backoff::Backoff;
use crate::chat::{ChatKind, MessageId};
use crate::live::{Character, LivePersona};
use crate::metrics;
use crate::prompt::{self, Scene, Turn};
use crate::settings::EffectiveSettings;
use crate::speech::{Said, Speech, Unsaid};
use crate::store::{self, Author, Finish, HistoryMessage, Job, Outcome, Reply};
use crate::trigger::{self, Trigger};

/// Messages read beyond the context length, because some of them are left out of the prompt.
const HISTORY_MARGIN: u32 = 64;

/// Makes one reply.
pub(super) struct Maker {
    app: Arc<App>,
    live: Arc<LivePersona>,
    /// What the persona was when the job was claimed.
    character: Arc<Character>,
    lead: Job,
    shared: Vec<Job>,
}

/// What became of a job.
enum Made {
    Reply(Reply),
    Nothing {
        outcome: Outcome,
        reason: String,
    },
    /// The daemon stops, or the chat moved; whoever looks next takes the job up.
    Interrupted,
}

impl Maker {
    pub(super) fn new(app: Arc<App>, live: Arc<LivePersona>, lead: Job, shared: Vec<Job>) -> Self {
        let character = live.character();
        Self { app, live, character, lead, shared }
    }

    /// Makes the reply and stores it. Where the store fails, insists: the job is claimed, and nobody else will.
    pub(super) async fn run(self) {
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));
        let made = loop {
            match self.make().await {
                Ok(made) => break made,
                Err(error) if error.is_transient() => self.rest(&mut backoff, &error).await,
                Err(error) => break failed(error.to_string()),
            }
        };
        let made = self.consoled(made);
        while let Err(error) = self.record(&made).await {
            if self.live.is_fenced(&error) {
                return;
            }
            self.rest(&mut backoff, &error).await;
        }
    }

    /// Who addressed the persona gets its fallback, whatever went wrong.
    fn consoled(&self, made: Made) -> Made {
        match made {
            Made::Nothing { outcome: Outcome::Failed, reason } => {
                tracing::warn!(persona = %self.live.name, job = self.lead.id.0, reason, "no reply could be generated");
                if self.lead.trigger.is_directed() {
                    let text = self.character.persona.reply.fallback.clone();
                    return Made::Reply(Reply { text, outcome: Outcome::Fallback, reason: Some(reason) });
                }
                failed(reason)
            }
            made => made,
        }
    }

    async fn rest(&self, backoff: &mut Backoff, error: &store::StoreError) {
        let wait = backoff.next(&self.app.dice);
        tracing::warn!(persona = %self.live.name, job = self.lead.id.0, %error, ?wait, "a reply waits for the store");
        tokio::time::sleep(wait).await;
    }

    async fn record(&self, made: &Made) -> store::Result<()> {
        let now = self.app.clock.now();
        match made {
            Made::Reply(reply) => {
                self.app.store.ready(&self.live.lease, self.lead.id, reply, now).await?;
                tracing::debug!(persona = %self.live.name, job = self.lead.id.0, outcome = ?reply.outcome, "a reply is ready");
                self.app.replies.notify_one();
            }
            Made::Nothing { outcome, reason } => {
                tracing::info!(persona = %self.live.name, job = self.lead.id.0, ?outcome, reason, "no reply");
                let reason = Some(reason.clone());
                let finish = Finish { job: self.lead.id, outcome: *outcome, reason, delivered: None, at: now };
                self.app.store.finish(&self.live.lease, &finish).await?;
                metrics::reply_ended(&self.live.name, *outcome);
            }
            Made::Interrupted => {
                self.app.store.release(&self.live.lease, self.lead.id).await?;
                tracing::debug!(persona = %self.live.name, job = self.lead.id.0, "interrupted; it is taken up again");
            }
        }
        Ok(())
    }

    async fn make(&self) -> store::Result<Made> {
        let Some(turns) = self.turns().await? else {
            let now = self.app.store.conversation(self.lead.id).await?;
            return Ok(match now {
                // The group became a supergroup after the claim, and took its history along.
                Some(now) if now != self.lead.conversation => Made::Interrupted,
                _ => Made::Nothing { outcome: Outcome::Reset, reason: "the message is gone".to_owned() },
            });
        };
        match self.character.voice.prompt(&self.character.persona, &turns) {
            Ok(ids) => {
                Ok(while_typing(self.live.transport.as_ref(), self.lead.conversation.chat, self.speak(ids)).await)
            }
            Err(error) => Ok(failed(error.to_string())),
        }
    }

    /// The turns of the prompt; `None` when the message to answer is gone.
    async fn turns(&self) -> store::Result<Option<Vec<Turn>>> {
        let conversation = &self.lead.conversation;
        let key = conversation.key();
        let own = self.app.settings(&key).await?;
        let settings = EffectiveSettings::of(&self.character.persona, self.lead.chat_kind, own.as_ref());
        let limit = u32::from(settings.context_length) + HISTORY_MARGIN;
        let mut history = self.app.store.history(conversation, limit).await?;
        let shared: Vec<MessageId> = self.shared.iter().map(|job| job.message).collect();
        for id in shared.iter().copied().chain([self.lead.message]) {
            if !history.iter().any(|message| message.id == id)
                && let Some(message) = self.app.store.message(&key, id).await?
            {
                history.insert(0, message);
            }
        }
        let Some(lead) = history.iter().find(|message| message.id == self.lead.message) else { return Ok(None) };
        let asked = trigger::besides_call(&self.character.persona, &self.live.me, self.lead.trigger, &lead.text);
        let replied_to = self.replied_to(lead).await?.map(|message| self.heard(message));
        let answered = |message: &HistoryMessage| message.id == self.lead.message || shared.contains(&message.id);
        let history: Vec<_> = history
            .into_iter()
            .filter(|message| answered(message) || !is_command(message))
            .map(|message| self.heard(message))
            .collect();
        Ok(Some(prompt::arrange(&Scene {
            history: &history,
            lead: self.lead.message,
            lead_text: Some(&asked),
            shared: &shared,
            replied_to: replied_to.as_ref(),
            context_length: usize::from(settings.context_length),
        })))
    }

    async fn replied_to(&self, lead: &HistoryMessage) -> store::Result<Option<HistoryMessage>> {
        match lead.reply_to {
            Some(id) => self.app.store.message(&self.lead.conversation.key(), id).await,
            None => Ok(None),
        }
    }

    /// A message as the persona hears it: without the mention or the name that called it.
    fn heard(&self, message: HistoryMessage) -> HistoryMessage {
        if message.author == Author::Persona {
            return message;
        }
        let trigger = if message.id == self.lead.message {
            self.lead.trigger
        } else if self.lead.chat_kind == ChatKind::Private {
            Trigger::Private
        } else {
            Trigger::Name
        };
        let text = trigger::prompt_text(&self.character.persona, &self.live.me, trigger, &message.text);
        HistoryMessage { text, ..message }
    }

    async fn speak(&self, prompt: Vec<u32>) -> Made {
        let speech = Speech {
            app: Arc::clone(&self.app),
            speaker: Arc::clone(&self.live.speaker),
            character: Arc::clone(&self.character),
            job: self.lead.id.0,
            prompt,
            generation: self.character.voice.generation(self.lead.seed.cast_unsigned()),
            directed: self.lead.trigger.is_directed(),
            overheard: false,
        };
        match speech.say(|_| {}).await {
            Ok(Said { end: End::Text(text), .. }) => {
                Made::Reply(Reply { text, outcome: Outcome::Answered, reason: None })
            }
            Ok(Said { end: End::Fallback(why), .. }) => {
                let text = self.character.persona.reply.fallback.clone();
                Made::Reply(Reply { text, outcome: Outcome::Fallback, reason: Some(why.as_str().to_owned()) })
            }
            Ok(Said { end: End::Silence(why), .. }) => {
                Made::Nothing { outcome: Outcome::Discarded, reason: why.as_str().to_owned() }
            }
            Err(Unsaid::Interrupted) => Made::Interrupted,
            Err(Unsaid::Failed(reason)) => failed(reason),
        }
    }
}

/// A command isn't conversation; it is kept, and never enters a prompt, unless it is what is answered: somebody forwarded it,
/// or mentioned the persona in it.
fn is_command(message: &HistoryMessage) -> bool {
    let command = message.text.strip_prefix('/').and_then(|rest| rest.split([' ', '\n']).next());
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '@');
    message.author != Author::Persona && command.is_some_and(|name| !name.is_empty() && name.chars().all(is_name))
}

fn failed(reason: String) -> Made {
    Made::Nothing { outcome: Outcome::Failed, reason }
}
