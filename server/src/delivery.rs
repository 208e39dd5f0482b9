//! From a stored reply to the chat: send, keep what was said, finish the job. Pauses one chat, never the others.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::app::App;
use crate::backoff::Backoff;
use crate::chat::{ChatId, ChatKey, MessageId};
use crate::pump::{Rest, Work};
use crate::store::{self, Author, Finish, HistoryMessage, Job, Outcome, Reply};
use crate::transport::{Outgoing, TransportError};
use crate::trigger::Trigger;

/// Pause of a chat whose message found no way, before it is tried again.
const UNREACHABLE_PAUSE: Duration = Duration::from_secs(5);

/// Sends ready replies, in order within a chat.
pub struct Delivery {
    app: Arc<App>,
}

impl Delivery {
    /// A delivery that has not begun.
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[async_trait]
impl Work for Delivery {
    type Key = ChatKey;
    type Item = Job;
    const NAME: &'static str = "delivery";

    async fn find(&self, busy: &[ChatKey], room: usize) -> store::Result<Vec<(ChatKey, Job)>> {
        let room = u32::try_from(room).unwrap_or(u32::MAX);
        let jobs = self.app.store.deliverable(&self.app.roster.names(), busy, room).await?;
        Ok(jobs.into_iter().map(|job| (job.conversation.key(), job)).collect())
    }

    async fn work(&self, job: Job) -> Rest {
        let (Some(live), Some(reply)) = (self.app.roster.get(&job.conversation.persona), &job.reply) else {
            return Rest::NONE;
        };
        let outgoing = Outgoing { chat: job.conversation.chat, text: reply.text.clone(), reply_to: Some(job.message) };
        let sent = live.transport.send(&outgoing).await;
        if let Err(error) = &sent {
            tracing::warn!(persona = %live.persona.name, job = job.id.0, %error, "a reply was not delivered");
        }
        match sent {
            Ok(message) => self.delivered(&job, reply, message).await,
            Err(TransportError::Flood(wait)) => return Rest(wait),
            Err(TransportError::Unreachable(_)) => {
                return Rest(UNREACHABLE_PAUSE.mul_f64(0.5 + self.app.dice.fraction()));
            }
            Err(TransportError::Migrated(to)) => self.migrated(&job, to).await,
            Err(TransportError::Forbidden(reason)) => self.closed(&job, reason).await,
            Err(TransportError::Rejected(reason)) => self.finish(&job, Outcome::Rejected, Some(reason), None).await,
            Err(TransportError::Unauthorized) => {
                live.doubted.notify_one();
                return Rest(UNREACHABLE_PAUSE);
            }
        }
        Rest::NONE
    }
}

impl Delivery {
    async fn delivered(&self, job: &Job, reply: &Reply, message: Option<MessageId>) {
        let at = self.app.clock.now();
        tracing::info!(
            persona = %job.conversation.persona, job = job.id.0, trigger = job.trigger.as_str(),
            seconds = (at - job.created_at).as_seconds_f64(), "delivered"
        );
        let said = message.filter(|_| job.trigger != Trigger::Notice).map(|id| HistoryMessage {
            conversation: job.conversation.clone(),
            id,
            author: Author::Persona,
            text: reply.text.clone(),
            sent_at: at,
            reply_to: Some(job.message),
        });
        self.finish(job, reply.outcome, reply.reason.clone(), said).await;
    }

    /// The chat takes nothing any more: remembered, until it writes again or takes the persona back.
    async fn closed(&self, job: &Job, reason: String) {
        let key = job.conversation.key();
        self.insist(|| async {
            self.app.store.set_active(&key, false).await?;
            self.app.forget_settings(&key).await;
            Ok(())
        })
        .await;
        self.finish(job, Outcome::Forbidden, Some(reason), None).await;
    }

    /// The job moves with its chat, is found again there, and sent.
    async fn migrated(&self, job: &Job, to: ChatId) {
        let key = job.conversation.key();
        self.insist(|| self.app.store.migrate(&key, to)).await;
        self.app.forget_settings(&key).await;
        self.app.forget_settings(&ChatKey { chat: to, ..key }).await;
        self.app.replies.notify_one();
    }

    async fn finish(&self, job: &Job, outcome: Outcome, reason: Option<String>, delivered: Option<HistoryMessage>) {
        let finish = Finish { job: job.id, outcome, reason, delivered, at: self.app.clock.now() };
        self.insist(|| self.app.store.finish(&finish)).await;
        self.app.jobs.notify_one();
    }

    /// Records what happened, as long as it takes: what isn't recorded would happen again.
    async fn insist<F: Future<Output = store::Result<()>>>(&self, record: impl Fn() -> F) {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        while let Err(error) = record().await {
            let wait = backoff.next(&self.app.dice);
            tracing::warn!(%error, ?wait, "a delivery can't be recorded; trying again");
            tokio::time::sleep(wait).await;
        }
    }
}
