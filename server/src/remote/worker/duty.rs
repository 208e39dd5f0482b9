//! One job, from its arrival to its acknowledgement: which comes last, so that whatever dies before, the job is made.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicNackOptions, BasicRejectOptions};
use maskarad_engine::{EngineError, Event, Finished, Generation, Request};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::session::Shared;
use super::under_way::JobId;
use crate::remote::broker::BrokerError;
use crate::remote::protocol::{self, Done, Job, ToDaemon, Token, Unreadable};
use crate::remote::topology::{self, Kind};

/// Tokens that come faster than this travel together. The first never waits.
const TOGETHER: Duration = Duration::from_millis(50);
/// How soon an engine that is full is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// How a job ends here.
enum End {
    /// With this for the daemon.
    Told(ToDaemon),
    /// Nobody wants it any more.
    Unwanted,
    /// Somebody else is to make it.
    GivenBack,
}

/// Carries it out.
///
/// # Errors
/// As the broker says; then the connection is of no use any more.
pub(super) async fn carry_out(shared: Arc<Shared>, kind: Kind, delivery: Delivery) -> Result<(), BrokerError> {
    let job = match Job::read(&delivery.data) {
        Ok(job) => job,
        Err(Unreadable::Foreign) => {
            tracing::warn!(bytes = delivery.data.len(), "a message that is no job was put among the dead");
            delivery.reject(BasicRejectOptions { requeue: false }).await?;
            return Ok(());
        }
        Err(unreadable @ (Unreadable::Version(_) | Unreadable::Garbled(..))) => {
            let (Unreadable::Version(envelope) | Unreadable::Garbled(envelope, _)) = &unreadable else { return Ok(()) };
            let (daemon, attempt, reason) = (envelope.daemon.clone(), envelope.attempt, unreadable.to_string());
            tracing::warn!(attempt, reason, "a job was refused");
            return settle(&shared, &daemon, &delivery, End::Told(ToDaemon::Refused { attempt, reason })).await;
        }
    };
    let id: JobId = (job.daemon.clone(), job.attempt);
    let daemon = job.daemon.clone();
    let begins = if delivery.redelivered { "a job begins again" } else { "a job begins" };
    tracing::debug!(attempt = job.attempt, "{begins}");
    let end = match shared.under_way.begin(&id) {
        None => End::Unwanted,
        Some(cancelled) => {
            let ending = Ending { shared: &shared, id: &id };
            let end = make(&shared, kind, job, &cancelled).await;
            drop(ending);
            end
        }
    };
    settle(&shared, &daemon, &delivery, end).await?;
    tracing::debug!(attempt = id.1, "a job has ended");
    Ok(())
}

/// Ends a job's being under way, whatever happens.
struct Ending<'a> {
    shared: &'a Shared,
    id: &'a JobId,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.shared.under_way.end(self.id);
    }
}

/// Tells the daemon, waits until that is safe, and only then lets go of the job.
async fn settle(shared: &Shared, daemon: &str, delivery: &Delivery, end: End) -> Result<(), BrokerError> {
    match end {
        End::GivenBack => {
            delivery.nack(BasicNackOptions { requeue: true, ..BasicNackOptions::default() }).await?;
            return Ok(());
        }
        End::Unwanted => {}
        End::Told(told) => {
            let queue = topology::results(daemon);
            match shared.link.deliver(&queue, &protocol::bytes(&told), BasicProperties::default()).await {
                // The daemon has gone for good, and nobody waits.
                Ok(()) | Err(BrokerError::NoQueue(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    delivery.ack(BasicAckOptions::default()).await?;
    Ok(())
}

async fn make(shared: &Shared, kind: Kind, job: Job, cancelled: &CancellationToken) -> End {
    let made = async {
        if kind == Kind::Ambient {
            wait_for_a_place(shared).await;
        }
        generate(shared, job).await
    };
    tokio::select! {
        end = made => end,
        () = cancelled.cancelled() => End::Unwanted,
    }
}

/// What nobody addressed to a persona waits until there is a place left: who addressed one never waits behind it.
async fn wait_for_a_place(shared: &Shared) {
    while shared.under_way.working() >= shared.worker.slots() {
        let ended = shared.under_way.ended.notified();
        if shared.under_way.working() < shared.worker.slots() {
            return;
        }
        let _ = tokio::time::timeout(ASK_AGAIN, ended).await;
    }
}

async fn generate(shared: &Shared, job: Job) -> End {
    let Job { daemon, attempt, request, .. } = job;
    let _working = shared.under_way.work();
    if !shared.worker.shelf.holds(&request.model) {
        return End::GivenBack;
    }
    if let Err(reason) = shared.worker.shelf.wear(&request.model).await {
        return End::Told(ToDaemon::Refused { attempt, reason });
    }
    let (model, progress) = (request.model, request.progress);
    let request = Request { model, prompt: request.prompt, generation: request.generation, want_logits: false };
    let generation = loop {
        match shared.worker.engine.generate(request.clone()) {
            Ok(generation) => break generation,
            Err(EngineError::Busy { .. }) => tokio::time::sleep(ASK_AGAIN).await,
            Err(EngineError::Stopped | EngineError::UnknownModel(_)) => return End::GivenBack,
            Err(error) => return End::Told(ToDaemon::Failed { attempt, reason: error.to_string() }),
        }
    };
    let teller = progress.then(|| Teller { shared, queue: topology::news(&daemon), attempt, sent: 0, last: None });
    match listen(shared, generation, teller).await {
        Ok((tokens, finished)) => {
            let worker = shared.worker.config.name.clone();
            End::Told(ToDaemon::Done(Box::new(Done { attempt, worker, model, tokens, finished })))
        }
        Err(EngineError::Stopped) => End::GivenBack,
        Err(error) => End::Told(ToDaemon::Failed { attempt, reason: error.to_string() }),
    }
}

async fn listen(
    shared: &Shared,
    mut generation: Generation,
    mut teller: Option<Teller<'_>>,
) -> Result<(Vec<Token>, Finished), EngineError> {
    let mut tokens = Vec::new();
    while let Some(event) = generation.next().await {
        match event {
            Event::Token { id, text } => {
                tokens.push((id, text));
                shared.worker.tokens.fetch_add(1, Ordering::Relaxed);
                if let Some(teller) = &mut teller {
                    teller.tell(&tokens).await;
                }
            }
            Event::Finished(finished) => return Ok((tokens, finished)),
            Event::Failed(error) => return Err(error),
        }
    }
    Err(EngineError::Stopped)
}

/// Tells a daemon a job's tokens as they come. They may be lost: the result has them all.
struct Teller<'a> {
    shared: &'a Shared,
    queue: String,
    attempt: u64,
    sent: usize,
    last: Option<Instant>,
}

impl Teller<'_> {
    async fn tell(&mut self, tokens: &[Token]) {
        if self.last.is_some_and(|last| last.elapsed() < TOGETHER) {
            return;
        }
        let told = ToDaemon::Progress { attempt: self.attempt, from: self.sent, tokens: tokens[self.sent..].to_vec() };
        if self.shared.link.tell("", &self.queue, &protocol::bytes(&told)).await.is_ok() {
            (self.sent, self.last) = (tokens.len(), Some(Instant::now()));
        }
    }
}
