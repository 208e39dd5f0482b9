//! One connection of a worker's: what is consumed on it, and what daemons are told by it. With the connection ends all that
//! was under way on it, for the broker gives it to somebody else.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use lapin::message::Delivery;
use lapin::options::{BasicCancelOptions, BasicQosOptions};
use lapin::types::ShortString;
use lapin::{Channel, Consumer};
use maskarad_engine::ModelKey;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::under_way::UnderWay;
use super::{Worker, duty};
use crate::remote::TELL;
use crate::remote::broker::{BrokerError, Link};
use crate::remote::protocol::{self, Hello, ToDaemon, ToWorker};
use crate::remote::topology::{self, Kind};

/// A connection.
pub(super) struct Session {
    shared: Arc<Shared>,
    jobs: Channel,
    /// The consumers of each base's two queues.
    consumers: HashMap<ModelKey, Vec<ShortString>>,
    arrivals: (mpsc::UnboundedSender<Arrival>, mpsc::UnboundedReceiver<Arrival>),
    duties: JoinSet<Result<(), BrokerError>>,
    readers: JoinSet<()>,
}

/// What a queue of jobs brings.
type Arrival = Result<(Kind, Delivery), BrokerError>;

/// What the jobs of a connection share.
pub(super) struct Shared {
    pub(super) worker: Arc<Worker>,
    pub(super) link: Link,
    pub(super) under_way: UnderWay,
}

impl Session {
    /// On a new connection.
    pub(super) async fn open(worker: Arc<Worker>, link: Link) -> Result<Self, BrokerError> {
        let jobs = link.open_channel().await?;
        // For each queue as many as there are places: a worker never hoards what others could make.
        let places = u16::try_from(worker.slots()).unwrap_or(u16::MAX);
        jobs.basic_qos(places, BasicQosOptions::default()).await?;
        let shared = Arc::new(Shared { worker, link, under_way: UnderWay::default() });
        let (consumers, duties, readers) = Default::default();
        Ok(Self { shared, jobs, consumers, arrivals: mpsc::unbounded_channel(), duties, readers })
    }

    /// Works until the connection ends.
    pub(super) async fn serve(&mut self) -> BrokerError {
        match self.work().await {
            Err(error) => error,
            Ok(never) => match never {},
        }
    }

    async fn work(&mut self) -> Result<Infallible, BrokerError> {
        let worker = Arc::clone(&self.shared.worker);
        let mut orders = self.shared.link.listen(&topology::orders(&worker.config.id), true).await?;
        let mut bases = worker.shelf.watch();
        let (mut told, mut tick) = (Instant::now(), tokio::time::interval(TELL));
        let held = bases.borrow_and_update().clone();
        self.attend(&held).await?;
        loop {
            tokio::select! {
                order = orders.next() => match order {
                    Some(order) => self.order(&order?.data),
                    None => return Err(BrokerError::Said("its queue has gone".to_owned())),
                },
                Some(arrival) = self.arrivals.1.recv() => {
                    let (kind, delivery) = arrival?;
                    self.duties.spawn(duty::carry_out(Arc::clone(&self.shared), kind, delivery));
                }
                Some(ended) = self.duties.join_next() => ended.unwrap_or_else(died)?,
                Ok(()) = bases.changed() => {
                    let held = bases.borrow_and_update().clone();
                    self.attend(&held).await?;
                    tick.reset_immediately();
                }
                _ = tick.tick() => {
                    let hello = worker.hello(self.shared.under_way.count(), std::mem::replace(&mut told, Instant::now()));
                    self.tell(hello).await?;
                }
            }
        }
    }

    /// Finishes what is under way, for so long at most; the broker gives the rest to others. Returns whether none was left.
    pub(super) async fn leave(mut self, within: Duration) -> bool {
        let hello = self.shared.worker.hello(self.shared.under_way.count(), Instant::now());
        let _ = self.tell(Hello { leaving: true, bases: Vec::new(), ..hello }).await;
        let _ = self.attend(&[]).await;
        let finish = async { while self.duties.join_next().await.is_some() {} };
        let finished = tokio::time::timeout(within, finish).await.is_ok();
        self.duties.shutdown().await;
        self.shared.link.close().await;
        finished
    }

    /// Consumes the queues of these bases, and of no others.
    async fn attend(&mut self, bases: &[ModelKey]) -> Result<(), BrokerError> {
        let gone: Vec<_> = self.consumers.keys().filter(|base| !bases.contains(base)).copied().collect();
        let tags: Vec<_> = gone.iter().filter_map(|base| self.consumers.remove(base)).flatten().collect();
        for tag in tags {
            self.shared.link.answer(self.jobs.basic_cancel(tag, BasicCancelOptions::default())).await?;
        }
        for base in bases {
            if self.consumers.contains_key(base) {
                continue;
            }
            let mut tags = Vec::new();
            for kind in Kind::BOTH {
                let queue = self.shared.link.answer(topology::declare_jobs(&self.jobs, base, kind)).await?;
                let consumer = self.shared.link.listen_on(&self.jobs, &queue, false).await?;
                tags.push(consumer.tag());
                self.readers.spawn(read(consumer, kind, self.arrivals.0.clone()));
            }
            self.consumers.insert(*base, tags);
        }
        Ok(())
    }

    fn order(&self, bytes: &[u8]) {
        match serde_json::from_slice(bytes) {
            Ok(ToWorker::Catalogue { daemon, models }) => self.shared.worker.wanted(daemon, models),
            Ok(ToWorker::Cancel { daemon, attempt }) => self.shared.under_way.cancel((daemon, attempt)),
            Ok(ToWorker::Unknown) => {}
            Err(error) => tracing::warn!(column = error.column(), "an order can't be read, and is dropped"),
        }
    }

    async fn tell(&self, hello: Hello) -> Result<(), BrokerError> {
        match self.shared.link.tell(topology::WORKERS, "", &protocol::bytes(&ToDaemon::Hello(hello))).await {
            // It hears nothing for now, and lets nothing be lost.
            Err(BrokerError::Blocked) => Ok(()),
            told => told,
        }
    }
}

async fn read(mut consumer: Consumer, kind: Kind, arrivals: mpsc::UnboundedSender<Arrival>) {
    while let Some(delivery) = consumer.next().await {
        let arrival = delivery.map(|delivery| (kind, delivery)).map_err(BrokerError::from);
        if arrivals.send(arrival).is_err() {
            return;
        }
    }
}

/// A duty that panicked took its job with it; only a new connection lets the broker know.
fn died(error: tokio::task::JoinError) -> Result<(), BrokerError> {
    tracing::error!(%error, "the making of a reply died");
    Err(BrokerError::Said("a defect of this worker; connecting anew gives its jobs back".to_owned()))
}
