//! Here or elsewhere: by what was measured, or elsewhere whenever somebody is there. A reply that was begun elsewhere and
//! can't be ended there goes on here, from the token at which it stopped: by its seed it is the same reply.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use maskarad_engine::{EngineError, Event};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::meter::{self, Meter};
use super::{GenerateRequest, Generator, GeneratorError};
use crate::metrics::{self, Fallback, Place};
use crate::remote::{Elsewhere, Heard, Remote, Run};

/// How soon an engine that is full is asked again for a reply that was already begun.
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// Where replies are made when both could.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefer {
    /// Where it is done first, by what was measured.
    Faster,
    /// On the workers, as long as any is there.
    Workers,
}

/// Both sides as one generator.
pub struct Choice(Arc<Sides>);

struct Sides {
    here: Arc<dyn Generator>,
    remote: Remote,
    prefer: Prefer,
    meter_here: Meter,
    meter_there: Meter,
    /// Whether it was said that nobody is there.
    told: AtomicBool,
}

impl Choice {
    /// Of this engine's generator and the workers.
    pub fn new(here: Arc<dyn Generator>, remote: Remote, prefer: Prefer) -> Self {
        let (meter_here, meter_there, told) = Default::default();
        Self(Arc::new(Sides { here, remote, prefer, meter_here, meter_there, told }))
    }
}

#[async_trait]
impl Generator for Choice {
    async fn generate(&self, request: GenerateRequest) -> Result<BoxStream<'static, Event>, GeneratorError> {
        if self.0.goes_elsewhere(&request) {
            match self.0.remote.begin(request.clone()).await {
                Ok(run) => return Ok(spoken(&self.0, run, request)),
                Err(why) => self.0.falls_back(Fallback::NotTaken, &why),
            }
        }
        let events = self.0.here.generate(request).await?;
        Ok(measured(&self.0, events))
    }

    fn is_alive(&self) -> bool {
        self.0.here.is_alive()
    }

    fn elsewhere(&self) -> Option<Elsewhere> {
        Some(self.0.remote.elsewhere())
    }
}

impl Sides {
    fn goes_elsewhere(&self, request: &GenerateRequest) -> bool {
        match self.remote.can_make(&request.model) {
            Ok(()) => {
                if self.told.swap(false, Ordering::Relaxed) {
                    tracing::info!("workers are there again");
                }
                self.prefer == Prefer::Workers
                    || meter::other_is_faster(&self.meter_here, &self.meter_there, Instant::now())
            }
            Err(why) => {
                if !self.told.swap(true, Ordering::Relaxed) {
                    tracing::warn!(why, "replies are made here");
                }
                false
            }
        }
    }

    fn falls_back(&self, kind: Fallback, why: &str) {
        tracing::warn!(why, "a reply is made here instead");
        metrics::fell_back(kind);
        self.remote.fell_back(why);
    }
}

/// The events of a reply that is made here, and what they tell of its speed.
fn measured(sides: &Arc<Sides>, events: BoxStream<'static, Event>) -> BoxStream<'static, Event> {
    let (sides, (sender, receiver)) = (Arc::clone(sides), mpsc::channel(1024));
    tokio::spawn(async move {
        let ticket = sides.meter_here.begin(Instant::now());
        tokio::select! {
            () = pass_on(events, &[], &sender, |tokens| ticket.finished(tokens, Instant::now())) => {}
            () = sender.closed() => {}
        }
    });
    received(receiver)
}

/// The events of a reply that is made elsewhere, to its end or from somewhere on here.
fn spoken(sides: &Arc<Sides>, run: Run, request: GenerateRequest) -> BoxStream<'static, Event> {
    let (sides, (sender, receiver)) = (Arc::clone(sides), mpsc::channel(1024));
    tokio::spawn(async move {
        let speak = async {
            let mut told = Vec::new();
            if let Some(why) = elsewhere(&sides, run, &mut told, &sender).await {
                sides.falls_back(Fallback::Lost, &why);
                here(&sides, request, &told, &sender).await;
            }
        };
        tokio::select! {
            () = speak => {}
            // Nobody listens any more: what is under way is dropped, which cancels it.
            () = sender.closed() => {}
        }
    });
    received(receiver)
}

fn received(receiver: mpsc::Receiver<Event>) -> BoxStream<'static, Event> {
    stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) }).boxed()
}

/// Passes on what is heard; returns why it ended without an end.
async fn elsewhere(sides: &Sides, mut run: Run, told: &mut Vec<u32>, sender: &mpsc::Sender<Event>) -> Option<String> {
    let ticket = sides.meter_there.begin(Instant::now());
    loop {
        let event = match run.next().await {
            Heard::Token((id, text)) => {
                told.push(id);
                Event::Token { id, text }
            }
            Heard::Finished(finished) => {
                ticket.finished(finished.ids.len(), Instant::now());
                metrics::generated_at(Place::Elsewhere);
                tracing::debug!(tokens = finished.ids.len(), "a reply was made elsewhere");
                Event::Finished(finished)
            }
            Heard::Failed(reason) => Event::Failed(EngineError::Elsewhere(reason)),
            Heard::Lost(why) => return Some(why),
        };
        let is_last = !matches!(event, Event::Token { .. });
        let _ = sender.send(event).await;
        if is_last {
            return None;
        }
    }
}

/// Makes the reply here, and passes on what was not yet told of it.
async fn here(sides: &Sides, request: GenerateRequest, told: &[u32], sender: &mpsc::Sender<Event>) {
    let events = loop {
        match sides.here.generate(request.clone()).await {
            Ok(events) => break events,
            Err(GeneratorError::Busy) => tokio::time::sleep(ASK_AGAIN).await,
            Err(GeneratorError::Gone) => return drop(sender.send(Event::Failed(EngineError::Stopped)).await),
            Err(GeneratorError::Refused(reason)) => {
                return drop(sender.send(Event::Failed(EngineError::Elsewhere(reason))).await);
            }
        }
    };
    let ticket = sides.meter_here.begin(Instant::now());
    pass_on(events, told, sender, |tokens| ticket.finished(tokens, Instant::now())).await;
}

/// Passes on events but for the tokens in `told`, which come first and must be the same.
async fn pass_on(
    mut events: BoxStream<'static, Event>,
    told: &[u32],
    sender: &mpsc::Sender<Event>,
    finished: impl FnOnce(usize),
) {
    let mut count = 0;
    while let Some(event) = events.next().await {
        if let Event::Token { id, .. } = &event {
            count += 1;
            match told.get(count - 1) {
                Some(former) if former == id => continue,
                Some(_) => {
                    // Half of one reply and half of another would be neither: it is made anew.
                    let _ = sender.send(Event::Failed(EngineError::Stopped)).await;
                    return tracing::warn!(
                        "a worker had made other tokens than this machine: f32 weights need the same instruction set"
                    );
                }
                None => {}
            }
        }
        let is_end = matches!(event, Event::Finished(_));
        if sender.send(event).await.is_err() {
            return;
        }
        if is_end {
            metrics::generated_at(Place::Here);
            tracing::debug!(tokens = count, "a reply was made here");
            return finished(count);
        }
    }
}

#[cfg(test)]
mod tests;
