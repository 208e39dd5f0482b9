//! A worker that answers at once, with the same few tokens.

use std::time::Duration;

use futures::StreamExt;
use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicQosOptions};
use maskarad::remote::protocol::{self, Done, Hello, Job, ToDaemon, VERSION};
use maskarad::remote::topology::{self, Kind};
use maskarad::remote::{BrokerConfig, Link, connect};
use maskarad_engine::{Finished, ModelKey, StopReason, Timings};

/// Jobs that it has at once.
const PLACES: u16 = 512;

/// Works until the connection ends.
pub(crate) async fn work(broker: BrokerConfig, base: ModelKey) -> anyhow::Result<()> {
    let link = connect(&broker, "maskarad instant worker").await?;
    link.channel.basic_qos(PLACES, BasicQosOptions::default()).await?;
    let mut queues = Vec::new();
    for kind in Kind::BOTH {
        let queue = topology::declare_jobs(&link.channel, &base, kind).await?;
        queues.push(link.listen(&queue, false).await?.boxed());
    }
    tokio::spawn(tell(link.clone(), base));
    let mut jobs = futures::stream::select_all(queues);
    while let Some(delivery) = jobs.next().await {
        tokio::spawn(answer(link.clone(), delivery?));
    }
    Ok(())
}

async fn tell(link: Link, base: ModelKey) -> anyhow::Result<()> {
    let hello = Hello {
        worker: "instant".to_owned(),
        name: "instant".to_owned(),
        understands: (VERSION, VERSION),
        bases: vec![base],
        slots: usize::from(PLACES),
        ..Hello::default()
    };
    loop {
        link.tell(topology::WORKERS, "", &protocol::bytes(&ToDaemon::Hello(hello.clone()))).await?;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn answer(link: Link, delivery: Delivery) -> anyhow::Result<()> {
    let job = Job::read(&delivery.data).map_err(|unreadable| anyhow::anyhow!("{unreadable}"))?;
    let (words, ids) = (["ну", " да", ",", " конечно"], vec![1, 2, 3, 4]);
    let finished = Finished {
        ids: ids.clone(),
        text: Some(words.concat()),
        stop_reason: StopReason::Length,
        timings: Timings::default(),
        prompt_logits: None,
    };
    let tokens = ids.into_iter().zip(words.map(str::to_owned)).collect();
    let worker = "instant".to_owned();
    let done = Done { attempt: job.attempt, worker, model: job.request.model, tokens, finished };
    let told = protocol::bytes(&ToDaemon::Done(Box::new(done)));
    link.deliver(&topology::results(&job.daemon), &told, BasicProperties::default()).await?;
    Ok(delivery.ack(BasicAckOptions::default()).await.map(drop)?)
}
