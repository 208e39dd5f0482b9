//! From a waiting job to a stored reply: claim, prompt, generate, clean. Knows no transport but for the typing sign.

mod maker;
pub mod plan;
mod typing;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;
use tracing::Instrument;

use crate::app::App;
use crate::backoff::Backoff;
use crate::chat::{Conversation, PersonaName};
use crate::live::LivePersona;
use crate::metrics;
use crate::pump::{Rest, Work};
use crate::request::{self, RequestId};
use crate::store::{self, Claim, Finish, Job, JobId, Lease, Outcome, StoreError};
use maker::Maker;

/// Jobs of one conversation that are weighed together.
const PENDING_AT_ONCE: u32 = 200;

/// How long before it may leave a reply is made: making it takes about as long.
pub(crate) const AHEAD: Duration = Duration::from_secs(1);
/// How long a conversation rests after the store failed it.
const AFTER_AN_ERROR: Rest = Rest(Duration::from_secs(1));

/// Makes replies, one at a time in a conversation.
pub struct Queue {
    app: Arc<App>,
}

impl Queue {
    /// A queue that has not begun.
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }

    async fn next(&self, conversation: Conversation) -> store::Result<Rest> {
        let Some(live) = self.app.roster.get(&conversation.seat()) else { return Ok(Rest::NONE) };
        let pending = self.app.store.pending(&conversation, PENDING_AT_ONCE).await?;
        let Some(claim) = plan::plan(&pending) else { return Ok(Rest::NONE) };
        if let Some(rest) = self.too_early(&conversation, &pending) {
            return Ok(rest);
        }
        let Some(lead) = pending.iter().find(|job| job.id == claim.lead).cloned() else { return Ok(Rest::NONE) };
        let span = request::span_of(lead.request.as_ref());
        let answered = async {
            let answered = self.answer(&live, lead, &claim, pending).await;
            answered.unwrap_or_else(|error| not_claimed(&conversation.persona, &error))
        };
        Ok(answered.instrument(span).await)
    }

    /// Claims a job and makes its reply.
    async fn answer(
        &self,
        live: &Arc<LivePersona>,
        lead: Job,
        claim: &Claim,
        pending: Vec<Job>,
    ) -> store::Result<Rest> {
        match self.app.store.claim(&live.lease, claim, self.app.clock.now()).await {
            Ok(true) => {}
            Ok(false) => return Ok(Rest::NONE),
            Err(error) if live.is_fenced(&error) => return Ok(AFTER_AN_ERROR),
            Err(error) => {
                self.unclaim(live, claim.lead).await;
                return Err(error);
            }
        }
        claimed(&lead, claim, &pending);
        let shared = pending.into_iter().filter(|job| claim.shared.contains(&job.id)).collect();
        let maker = Maker::new(Arc::clone(&self.app), Arc::clone(live), lead, shared);
        if let Err(error) = tokio::spawn(maker.run().in_current_span()).await {
            self.give_up(&live.lease, claim.lead, &error).await?;
        }
        Ok(Rest::NONE)
    }

    /// Where a reply could not leave for long, it isn't made yet: what comes meanwhile is answered with it, and the newest
    /// counts.
    fn too_early(&self, conversation: &Conversation, pending: &[Job]) -> Option<Rest> {
        let kind = pending.first()?.chat_kind;
        let wait = self.app.pacer.wait(&conversation.key(), kind, Instant::now());
        let rest = wait.saturating_sub(AHEAD);
        (rest > Duration::ZERO).then_some(Rest(rest))
    }

    /// A reply whose making died ends here: left running, it would silence its conversation until the next start.
    async fn give_up(&self, lease: &Lease, job: JobId, error: &tokio::task::JoinError) -> store::Result<()> {
        tracing::error!(job = job.0, %error, "the making of a reply died");
        let reason = Some("a defect of the daemon".to_owned());
        let finish = Finish { job, outcome: Outcome::Failed, reason, delivered: None, at: self.app.clock.now() };
        self.app.store.finish(lease, &finish).await?;
        metrics::reply_ended(&lease.persona, Outcome::Failed);
        Ok(())
    }

    /// The commit of a failed claim may have worked, and only its answer been lost; nobody would take the job up then.
    async fn unclaim(&self, live: &LivePersona, lead: JobId) {
        let mut backoff = Backoff::new(AFTER_AN_ERROR.0, Duration::from_secs(10));
        while let Err(error) = self.app.store.release(&live.lease, lead).await {
            if live.is_fenced(&error) {
                return;
            }
            if !error.is_transient() {
                tracing::error!(job = lead.0, %error, "a job can't be given back; the next start takes it up");
                return;
            }
            tokio::time::sleep(backoff.next(&self.app.dice)).await;
        }
    }
}

#[async_trait]
impl Work for Queue {
    type Key = Conversation;
    type Item = Conversation;
    const NAME: &'static str = "queue";

    async fn find(&self, busy: &[Conversation], room: usize) -> store::Result<Vec<(Conversation, Conversation)>> {
        let limit = u32::try_from(room + busy.len()).unwrap_or(u32::MAX);
        let waiting = self.app.store.waiting(&self.app.roster.keys(), limit).await?;
        let free = waiting.into_iter().filter(|conversation| !busy.contains(conversation));
        Ok(free.take(room).map(|conversation| (conversation.clone(), conversation)).collect())
    }

    async fn work(&self, conversation: Conversation) -> Rest {
        let persona = conversation.persona.clone();
        self.next(conversation).await.unwrap_or_else(|error| not_claimed(&persona, &error))
    }
}

fn not_claimed(persona: &PersonaName, error: &StoreError) -> Rest {
    tracing::warn!(%persona, %error, "a job can't be claimed; it stays where it is");
    AFTER_AN_ERROR
}

/// Tells what was claimed. Messages that go without a reply of their own are told under their own ids.
fn claimed(lead: &Job, claim: &Claim, pending: &[Job]) {
    let persona = &lead.conversation.persona;
    let (shared, coalesced) = (claim.shared.len(), claim.coalesced.len());
    tracing::debug!(%persona, job = lead.id.0, shared, coalesced, "claimed");
    for other in pending {
        let fate = if claim.shared.contains(&other.id) {
            "a later message's reply answers this one, too"
        } else if claim.coalesced.contains(&other.id) {
            "a later message is answered instead"
        } else {
            continue;
        };
        let instead = lead.request.as_ref().map_or("", RequestId::as_str);
        let span = request::span_of(other.request.as_ref());
        span.in_scope(|| tracing::debug!(%persona, job = other.id.0, lead = lead.id.0, instead, "{fate}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{ChatKind, ChatRef, MessageId, TransportKind};
    use crate::testing::{ANN, GROUP, NOW, Sink};
    use crate::trigger::Trigger;

    fn job(id: i64) -> Job {
        let persona = PersonaName::parse("avtobus").unwrap();
        let chat = ChatRef { transport: TransportKind::Telegram, id: GROUP, thread: None };
        Job {
            id: JobId(id),
            request: (id != 4).then(|| RequestId::of_update(&persona.at(TransportKind::Telegram), id)),
            conversation: Conversation { persona, chat },
            chat_kind: ChatKind::Group,
            message: MessageId(id),
            sender: ANN,
            trigger: Trigger::Name,
            seed: 0,
            reply: None,
            created_at: NOW,
        }
    }

    #[test]
    fn who_follows_a_message_without_a_reply_of_its_own_is_told_which_one_has_it() {
        let sink = Sink::default();
        let writer = sink.clone();
        let log = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).with_ansi(false);
        let pending: Vec<Job> = (1..=5).map(job).collect();
        let claim = Claim { lead: JobId(3), shared: vec![JobId(1), JobId(4)], coalesced: vec![JobId(2)] };
        tracing::subscriber::with_default(log.with_writer(move || writer.clone()).finish(), || {
            pending[2].request.as_ref().unwrap().span().in_scope(|| claimed(&pending[2], &claim, &pending));
        });
        let said = sink.text();
        let line = |request: &str| {
            let mut lines = said.lines().filter(|line| line.contains(&format!("{{request={request}}}")));
            let line = lines.next().unwrap_or_else(|| panic!("nothing of {request} in\n{said}")).to_owned();
            assert!(lines.next().is_none() || request == "avtobus-3", "{request} twice in\n{said}");
            line
        };
        assert!(line("avtobus-3").contains("claimed"), "{said}");
        assert!(
            line("avtobus-1").contains("answers this one, too") && line("avtobus-1").contains("instead=\"avtobus-3\"")
        );
        assert!(line("avtobus-2").contains("is answered instead"), "{said}");
        assert!(!said.contains("avtobus-5"), "it still waits\n{said}");
    }
}
