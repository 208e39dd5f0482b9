//! From a stored reply to the chat: note that it is sent, send, keep what was said, finish the job. Pauses one chat, never
//! the others.
//!
//! A job is `sending` from before the request goes out until its outcome is recorded. Where the outcome is not known, because
//! the answer was lost or this process died in between, the reply is sent once more, and then no more
//! ([`store::MOST_ATTEMPTS`]).

mod patience;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use tracing::Instrument;

use self::patience::Patience;
use crate::app::App;
use crate::backoff::Backoff;
use crate::chat::{ChatId, ChatKey, MessageId};
use crate::live::LivePersona;
use crate::metrics;
use crate::pump::{Rest, Work};
use crate::request;
use crate::store::{self, Author, Finish, HistoryMessage, Job, MOST_ATTEMPTS, Outcome, Reply, Sent};
use crate::transport::{Outgoing, TransportError};
use crate::trigger::Trigger;

/// How long a chat rests after the store failed it.
const AFTER_AN_ERROR: Rest = Rest(Duration::from_secs(1));

/// Sends ready replies, in order within a chat.
pub struct Delivery {
    app: Arc<App>,
    patience: Patience,
}

impl Delivery {
    /// A delivery that has not begun.
    pub fn new(app: Arc<App>) -> Self {
        Self { app, patience: Patience::default() }
    }
}

#[async_trait]
impl Work for Delivery {
    type Key = ChatKey;
    type Item = Job;
    const NAME: &'static str = "delivery";

    async fn find(&self, busy: &[ChatKey], room: usize) -> store::Result<Vec<(ChatKey, Job)>> {
        let room = u32::try_from(room).unwrap_or(u32::MAX);
        let now = self.app.clock.now();
        let jobs = self.app.store.deliverable(&self.app.roster.keys(), busy, now, room).await?;
        Ok(jobs.into_iter().map(|job| (job.conversation.key(), job)).collect())
    }

    async fn work(&self, job: Job) -> Rest {
        let span = request::span_of(job.request.as_ref());
        self.deliver(job).instrument(span).await
    }
}

impl Delivery {
    async fn deliver(&self, job: Job) -> Rest {
        let (Some(live), Some(reply)) = (self.app.roster.get(&job.conversation.seat()), job.reply.clone()) else {
            return Rest::NONE;
        };
        let now = Instant::now();
        let wait = self.app.pacer.wait(&job.conversation.key(), job.chat_kind, now);
        if wait > Duration::ZERO {
            return Rest(wait);
        }
        tokio::time::sleep_until(self.app.pacer.turn(&live.seat(), now)).await;
        let sending = Sending { app: &self.app, patience: &self.patience, live, job, reply };
        match sending.begin().await {
            Ok(Some(attempt)) => sending.send(attempt).await,
            Ok(None) => Rest::NONE,
            Err(rest) => rest,
        }
    }
}

/// One reply on its way out.
struct Sending<'a> {
    app: &'a App,
    patience: &'a Patience,
    live: Arc<LivePersona>,
    job: Job,
    reply: Reply,
}

impl Sending<'_> {
    /// Notes the attempt; `None` when somebody was faster.
    async fn begin(&self) -> Result<Option<u32>, Rest> {
        let begun = self.app.store.begin_send(&self.live.lease, self.job.id, self.app.clock.now()).await;
        let Err(error) = begun else { return Ok(begun.unwrap_or_default()) };
        if !self.live.is_fenced(&error) {
            tracing::warn!(persona = %self.live.name, job = self.job.id.0, %error, "a send can't be noted; it waits");
            // The commit may have worked, and only its answer been lost; nobody would send it then.
            self.put_back(Sent::Refused).await;
        }
        Err(AFTER_AN_ERROR)
    }

    async fn send(self, attempt: u32) -> Rest {
        let (chat, reply_to) = (self.job.conversation.chat, Some(self.job.message));
        let outgoing = Outgoing { chat, text: self.reply.text.clone(), reply_to };
        tracing::debug!(persona = %self.live.name, job = self.job.id.0, attempt, "sending");
        let sent = self.live.transport.send(&outgoing).await;
        metrics::sent(&self.live.name, &sent);
        if let Err(error) = &sent {
            tracing::warn!(persona = %self.live.name, job = self.job.id.0, attempt, %error, "a reply was not delivered");
        }
        let key = self.job.conversation.key();
        if !matches!(sent, Err(TransportError::Unreachable(_) | TransportError::Unknown(_))) {
            self.patience.restore(&key);
        }
        if matches!(sent, Ok(_) | Err(TransportError::Unknown(_))) {
            self.app.pacer.arrived(&key, Instant::now());
        }
        match sent {
            Ok(message) => self.delivered(message).await,
            Err(TransportError::Flood(wait)) => return self.flooded(wait).await,
            Err(TransportError::Unreachable(_)) => {
                self.put_back(Sent::Refused).await;
                return Rest(self.patience.next(&key, &self.app.dice));
            }
            Err(TransportError::Unknown(reason)) if attempt >= MOST_ATTEMPTS => {
                self.finish(Outcome::Unknown, Some(reason), None).await;
            }
            Err(TransportError::Unknown(_)) => {
                self.put_back(Sent::Unknown).await;
                return Rest(self.patience.next(&key, &self.app.dice));
            }
            Err(TransportError::Migrated(to)) => self.migrated(to).await,
            Err(TransportError::Forbidden(reason)) => self.closed(reason).await,
            Err(TransportError::Rejected(reason)) => self.finish(Outcome::Rejected, Some(reason), None).await,
            Err(TransportError::Unauthorized) => {
                self.put_back(Sent::Refused).await;
                self.live.doubted.notify_one();
                return Rest(self.patience.next(&key, &self.app.dice));
            }
        }
        Rest::NONE
    }

    async fn delivered(&self, message: Option<MessageId>) {
        let at = self.app.clock.now();
        let job = &self.job;
        tracing::info!(
            persona = %job.conversation.persona, job = job.id.0, trigger = job.trigger.as_str(),
            seconds = (at - job.created_at).as_seconds_f64(), "delivered"
        );
        if job.trigger != Trigger::Notice {
            metrics::replied(&job.conversation.persona, at - job.created_at);
        }
        let said = message.filter(|_| job.trigger != Trigger::Notice).map(|id| HistoryMessage {
            conversation: job.conversation.clone(),
            id,
            author: Author::Persona,
            text: self.reply.text.clone(),
            sent_at: at,
            reply_to: Some(job.message),
        });
        self.finish(self.reply.outcome, self.reply.reason.clone(), said).await;
    }

    /// Nothing more to this chat before the time is over, were the daemon to start anew meanwhile.
    async fn flooded(&self, wait: Duration) -> Rest {
        self.put_back(Sent::Refused).await;
        let (key, now) = (self.job.conversation.key(), self.app.clock.now());
        if let Err(error) = self.app.store.pause(&key, now, now + wait).await {
            tracing::warn!(persona = %key.persona, %error, "a pause can't be recorded; it is kept in memory");
        }
        Rest(wait)
    }

    /// The chat takes nothing any more: remembered, until it writes again or takes the persona back.
    async fn closed(&self, reason: String) {
        let key = self.job.conversation.key();
        self.insist(|| async {
            self.app.store.set_active(&key, false).await?;
            self.app.forget_settings(&key).await;
            Ok(())
        })
        .await;
        self.finish(Outcome::Forbidden, Some(reason), None).await;
    }

    /// The job moves with its chat, is found again there, and sent.
    async fn migrated(&self, to: ChatId) {
        let key = self.job.conversation.key();
        self.put_back(Sent::Refused).await;
        self.insist(|| self.app.store.migrate(&key, to)).await;
        self.app.forget_settings(&key).await;
        self.app.forget_settings(&ChatKey { chat: to, ..key }).await;
        self.app.replies.notify_one();
    }

    async fn put_back(&self, sent: Sent) {
        self.insist(|| self.app.store.put_back(&self.live.lease, self.job.id, sent)).await;
    }

    async fn finish(&self, outcome: Outcome, reason: Option<String>, delivered: Option<HistoryMessage>) {
        let finish = Finish { job: self.job.id, outcome, reason, delivered, at: self.app.clock.now() };
        self.insist(|| self.app.store.finish(&self.live.lease, &finish)).await;
        tracing::debug!(persona = %self.live.name, job = self.job.id.0, ?outcome, "recorded");
        if self.job.trigger != Trigger::Notice {
            metrics::reply_ended(&self.live.name, outcome);
        }
        self.app.jobs.notify_one();
    }

    /// Records what happened, as long as it takes: what isn't recorded would happen again. Whoever has taken the persona
    /// meanwhile takes this job up as one whose outcome is unknown.
    async fn insist<F: Future<Output = store::Result<()>>>(&self, record: impl Fn() -> F) {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        while let Err(error) = record().await {
            if self.live.is_fenced(&error) {
                return;
            }
            let wait = backoff.next(&self.app.dice);
            tracing::warn!(%error, ?wait, "a delivery can't be recorded; trying again");
            tokio::time::sleep(wait).await;
        }
    }
}
