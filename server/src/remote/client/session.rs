//! One connection of the daemon's after the other: what is heard on it, and what workers are told by it.

use std::convert::Infallible;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use lapin::message::Delivery;
use lapin::options::BasicAckOptions;
use lapin::types::AMQPValue;
use tokio::time::Instant;

use super::{Catalogue, Heard, Shared};
use crate::backoff::Backoff;
use crate::clock::Dice;
use crate::remote::broker::{self, BrokerError, Link};
use crate::remote::protocol::{self, ToDaemon, ToWorker};
use crate::remote::{RECONNECT_WITHIN, TELL, topology};

/// Connects, serves the connection, and connects again.
pub(super) async fn keep(shared: &Arc<Shared>, catalogue: &Arc<Catalogue>, dice: &Dice) {
    let mut backoff = Backoff::new(Duration::from_millis(500), RECONNECT_WITHIN);
    loop {
        let error = match open(shared).await {
            Ok(link) => {
                tracing::info!("the broker is there");
                backoff.reset();
                put(shared, Ok(link.clone()));
                serve(shared, &link, catalogue).await
            }
            Err(error) => error,
        };
        let wait = backoff.next(dice);
        tracing::warn!(%error, ?wait, "the broker is away; connecting again");
        put(shared, Err(shared.troubled(error.to_string())));
        tokio::time::sleep(wait).await;
    }
}

async fn open(shared: &Shared) -> Result<Link, BrokerError> {
    let link = broker::connect(&shared.config, &format!("maskarad daemon {}", shared.daemon)).await?;
    link.answer(topology::declare_daemon(&link.channel, &shared.daemon)).await?;
    Ok(link)
}

fn put(shared: &Shared, link: Result<Link, String>) {
    *shared.link.write().unwrap_or_else(PoisonError::into_inner) = link;
}

/// Hears and tells until the connection ends.
async fn serve(shared: &Arc<Shared>, link: &Link, catalogue: &Arc<Catalogue>) -> BrokerError {
    let heard = async || -> Result<Infallible, BrokerError> {
        let mut results = link.listen(&topology::results(&shared.daemon), false).await?;
        let mut news = link.listen(&topology::news(&shared.daemon), true).await?;
        let mut strays = link.listen(topology::STRAY, false).await?;
        loop {
            tokio::select! {
                delivery = results.next() => result(shared, taken(delivery)?).await?,
                delivery = news.next() => message(shared, &taken(delivery)?.data),
                delivery = strays.next() => stray(shared, taken(delivery)?).await?,
            }
        }
    };
    tokio::select! {
        Err(error) = heard() => error,
        error = tell(shared, link, catalogue) => error,
    }
}

fn taken(delivery: Option<lapin::Result<Delivery>>) -> Result<Delivery, BrokerError> {
    delivery.ok_or_else(|| BrokerError::Said("a queue has gone".to_owned()))?.map_err(BrokerError::from)
}

/// Tells workers which models there are.
async fn tell(shared: &Arc<Shared>, link: &Link, catalogue: &Arc<Catalogue>) -> BrokerError {
    loop {
        let order = ToWorker::Catalogue { daemon: shared.daemon.clone(), models: catalogue() };
        match link.tell(topology::ORDERS, "", &protocol::bytes(&order)).await {
            Ok(()) | Err(BrokerError::Blocked) => {}
            Err(error) => return error,
        }
        tokio::time::sleep(TELL).await;
    }
}

/// A result, or a job of ours that died on the broker.
async fn result(shared: &Arc<Shared>, delivery: Delivery) -> Result<(), BrokerError> {
    match death(&delivery) {
        None => message(shared, &delivery.data),
        Some(reason) => {
            let attempt = delivery.properties.correlation_id().as_ref().and_then(|id| id.as_str().parse().ok());
            tracing::warn!(attempt, reason, "a job died on the broker");
            shared.troubled(reason.to_owned());
            if let Some(attempt) = attempt {
                shared.pending.end(attempt, Heard::Failed(reason.to_owned()));
            }
        }
    }
    delivery.ack(BasicAckOptions::default()).await?;
    Ok(())
}

/// Why a message was put among the dead; `None` where it wasn't.
fn death(delivery: &Delivery) -> Option<&'static str> {
    let headers = delivery.properties.headers().as_ref()?;
    let (_, reason) = headers.into_iter().find(|(key, _)| key.as_str() == "x-first-death-reason")?;
    let AMQPValue::LongString(reason) = reason else { return Some("the job died on the broker") };
    Some(match reason.as_bytes() {
        b"expired" => "no worker took the job within its deadline",
        b"delivery_limit" => "the job came back too often: workers died over it, again and again",
        b"rejected" => "a worker could not read the job",
        b"maxlen" => "too many jobs wait on the broker",
        _ => "the job died on the broker",
    })
}

fn message(shared: &Arc<Shared>, bytes: &[u8]) {
    match serde_json::from_slice(bytes) {
        Ok(ToDaemon::Hello(hello)) => {
            if let Some(problem) = shared.crew.heard(hello, Instant::now()) {
                tracing::warn!("{problem}");
                shared.troubled(problem);
            }
        }
        Ok(ToDaemon::Progress { attempt, from, tokens }) => shared.pending.progress(attempt, from, tokens),
        Ok(ToDaemon::Done(done)) => {
            if let Some(problem) = shared.pending.done(*done) {
                tracing::error!("{problem}");
                shared.troubled(problem);
            }
        }
        Ok(ToDaemon::Failed { attempt, reason }) => shared.pending.end(attempt, Heard::Failed(reason)),
        Ok(ToDaemon::Refused { attempt, reason }) => {
            tracing::warn!(attempt, reason, "a worker refused a job");
            shared.troubled(reason.clone());
            shared.pending.end(attempt, Heard::Lost(reason));
        }
        Ok(ToDaemon::Unknown) => {}
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            tracing::warn!(
                line,
                column,
                "a message can't be read, and is dropped: it isn't of maskarad, or of another version"
            );
            shared.troubled("a message from a worker could not be read".to_owned());
        }
    }
}

/// What died and belongs to nobody: noted, and gone.
async fn stray(shared: &Arc<Shared>, delivery: Delivery) -> Result<(), BrokerError> {
    let reason = death(&delivery).unwrap_or("it was sent to no daemon");
    tracing::warn!(reason, bytes = delivery.data.len(), "a message that belongs to no daemon was dropped");
    shared.troubled(format!("a message that belongs to no daemon was dropped: {reason}"));
    delivery.ack(BasicAckOptions::default()).await?;
    Ok(())
}
