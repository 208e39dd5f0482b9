//! Messages a second through quorum queues: persistent, confirmed to who sends them, acknowledged one by one by who takes them.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
    QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable, LongString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, Consumer};
use tempfile::TempDir;

use super::cpu::Watch;
use super::script;

/// Bytes of a message: a prompt of a few hundred tokens.
const BODY: usize = 1024;
/// Messages that a consumer has and has not acknowledged.
const PREFETCH: u16 = 64;
const HEAD: &str = "\
| queues | unconfirmed at once | messages/s | ms from publishing to its confirmation | cores: RabbitMQ | both clients | others | messages |\n\
|---|---|---|---|---|---|---|---|\n";

/// A broker of the measurement's own; ends when dropped.
struct Broker {
    folder: TempDir,
    url: String,
}

/// A table of what was found.
pub(super) async fn table(span: Duration) -> anyhow::Result<String> {
    let broker = Broker::start()?;
    let mut table = HEAD.to_owned();
    for (queues, window) in [(1, 1), (1, 64), (1, 256), (2, 64), (2, 256)] {
        table.push_str(&row(&broker, queues, window, span).await?);
    }
    Ok(table)
}

async fn row(broker: &Broker, queues: usize, window: usize, span: Duration) -> anyhow::Result<String> {
    let watch = Watch::begin(broker.folder.path())?;
    let begun = Instant::now();
    let ways = (0..queues).map(|queue| {
        let (url, name) = (broker.url.clone(), format!("scaling.{window}.{queue}"));
        tokio::spawn(async move { pass(&url, &name, window, span).await })
    });
    let (mut messages, mut waited) = (0, Duration::ZERO);
    for way in futures::future::join_all(ways).await {
        let (passed, confirming) = way??;
        messages += passed;
        waited += confirming;
    }
    let rate = f64::from(messages) / begun.elapsed().as_secs_f64();
    let confirmed = 1000.0 * waited.as_secs_f64() / f64::from(messages);
    let [server, own, others] = watch.end()?.map(|share| 100.0 * share);
    Ok(format!(
        "| {queues} | {window} | {rate:.0} | {confirmed:.1} | {server:.0} % | {own:.0} % | {others:.0} % | {messages} |\n"
    ))
}

/// Publishes into one queue and takes everything out of it again; returns how many messages passed, and how long all of them
/// together waited for their confirmation.
async fn pass(url: &str, queue: &str, window: usize, span: Duration) -> anyhow::Result<(u32, Duration)> {
    let (sender, receiver) = (connect(url).await?, connect(url).await?);
    let channel = sender.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString(LongString::from("quorum")));
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(queue.into(), durable, arguments).await?;
    let taking = receiver.create_channel().await?;
    taking.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    let consumer =
        taking.basic_consume(queue.into(), "".into(), BasicConsumeOptions::default(), FieldTable::default()).await?;
    let taken = tokio::spawn(take(consumer));
    let (sent, waited) = send(&channel, queue, window, span).await?;
    let passed = taken.await??;
    ensure!(passed == sent, "{sent} messages were sent, {passed} came");
    sender.close(200, "".into()).await?;
    receiver.close(200, "".into()).await?;
    Ok((sent, waited))
}

/// Publishes for so long, with so many unconfirmed at once; an empty message says that there are no more.
async fn send(channel: &Channel, queue: &str, window: usize, span: Duration) -> anyhow::Result<(u32, Duration)> {
    let (begun, mut under_way) = (Instant::now(), FuturesUnordered::new());
    let (mut sent, mut waited) = (0, Duration::ZERO);
    loop {
        let more = begun.elapsed() < span;
        if more && under_way.len() < window {
            under_way.push(publish(channel, queue, &[b'x'; BODY]));
            sent += 1;
            continue;
        }
        let Some(confirmed) = under_way.next().await else { break };
        waited += confirmed?;
    }
    publish(channel, queue, &[]).await?;
    Ok((sent, waited))
}

/// Publishes one message; returns how long it took until it was safe.
async fn publish(channel: &Channel, queue: &str, body: &[u8]) -> anyhow::Result<Duration> {
    let (begun, persistent) = (Instant::now(), BasicProperties::default().with_delivery_mode(2));
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let confirmation = channel.basic_publish("".into(), queue.into(), options, body, persistent).await?.await?;
    ensure!(matches!(confirmation, Confirmation::Ack(None)), "the broker took a message");
    Ok(begun.elapsed())
}

/// Takes and acknowledges messages until the empty one; returns how many there were before it.
async fn take(mut consumer: Consumer) -> anyhow::Result<u32> {
    let mut taken = 0;
    loop {
        let delivery = consumer.next().await.context("the queue stays")??;
        delivery.ack(BasicAckOptions::default()).await?;
        if delivery.data.is_empty() {
            return Ok(taken);
        }
        taken += 1;
    }
}

async fn connect(url: &str) -> anyhow::Result<Connection> {
    Ok(Connection::connect(url, ConnectionProperties::default()).await?)
}

impl Broker {
    fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let url = script("rabbitmq.sh", &["start"], &at(folder.path()))?;
        Ok(Self { folder, url })
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Err(error) = script("rabbitmq.sh", &["stop"], &at(self.folder.path())) {
            eprintln!("a RabbitMQ was left behind: {error:#}");
        }
    }
}

fn at(folder: &Path) -> [(&'static str, &Path); 1] {
    [("MASKARAD_RABBITMQ_DIR", folder)]
}
