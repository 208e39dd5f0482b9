//! The exchanges and queues on the broker, by name and declaration. Everything in them expires; no name tells of a chat.
//!
//! | name | kind | holds |
//! |---|---|---|
//! | `maskarad.jobs.v1.HASH-PRECISION.directed`, `….ambient` | quorum queues | jobs for one base, from all daemons; the first kind goes first |
//! | `maskarad.results.v1.DAEMON` | quorum queue | results for one daemon, and its jobs that died |
//! | `maskarad.news.v1.DAEMON` | queue | workers' hellos, and tokens as they come |
//! | `maskarad.orders.v1.WORKER` | queue | catalogues and cancellations |
//! | `maskarad.workers`, `maskarad.orders` | fanout exchanges | hellos; catalogues and cancellations |
//! | `maskarad.dead` | headers exchange | jobs that expired, were refused, or came back too often, each to its daemon |
//! | `maskarad.stray` | fanout exchange and queue | what died and belongs to no daemon that is there |
//!
//! A queue for each kind of job, rather than priorities in one: quorum queues have none before RabbitMQ 4, and two even then.

use std::time::Duration;

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};
use lapin::{Channel, ExchangeKind};
use maskarad_engine::ModelKey;

use super::protocol::VERSION;

/// Where workers tell of themselves.
pub const WORKERS: &str = "maskarad.workers";
/// Where workers are told something.
pub const ORDERS: &str = "maskarad.orders";
/// Where jobs go that died.
pub const DEAD: &str = "maskarad.dead";
/// Where those go that nobody claims; exchange and queue.
pub const STRAY: &str = "maskarad.stray";
/// The header that says whose a job is.
pub const DAEMON: &str = "daemon";

/// How often a job may come back from workers that died over it, before it counts as what kills them.
pub const MOST_RETURNS: u32 = 5;
/// Jobs that may wait in one queue; the broker refuses more.
const MOST_WAITING: u32 = 100_000;
/// No prompt stays with the broker for longer, whatever its own deadline.
const LONGEST: Duration = Duration::from_secs(600);
/// A queue of jobs that nobody used for so long goes.
const JOBS_EXPIRE: Duration = Duration::from_secs(3600);
/// A result queue whose daemon is away for so long goes, and its content with it.
const RESULTS_EXPIRE: Duration = Duration::from_secs(300);
/// The same for news and orders.
const NEWS_EXPIRE: Duration = Duration::from_secs(60);
/// News are worth nothing after so long.
const NEWS_KEEP: Duration = Duration::from_secs(10);
/// How long a dead job without a daemon is kept for a daemon that counts it.
const STRAY_KEEP: Duration = Duration::from_secs(600);

/// Which of a base's two queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Somebody spoke to a persona.
    Directed,
    /// Insanity, chance.
    Ambient,
}

impl Kind {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Directed, Self::Ambient];
}

/// The queue of a base's jobs.
pub fn jobs(base: &ModelKey, kind: Kind) -> String {
    let kind = match kind {
        Kind::Directed => "directed",
        Kind::Ambient => "ambient",
    };
    format!("maskarad.jobs.v{VERSION}.{}.{kind}", base.base())
}

/// The queue of a daemon's results.
pub fn results(daemon: &str) -> String {
    format!("maskarad.results.v{VERSION}.{daemon}")
}

/// The queue of a daemon's news.
pub fn news(daemon: &str) -> String {
    format!("maskarad.news.v{VERSION}.{daemon}")
}

/// The queue of a worker's orders.
pub fn orders(worker: &str) -> String {
    format!("maskarad.orders.v{VERSION}.{worker}")
}

/// Declares what all share.
///
/// # Errors
/// As the broker says.
pub async fn declare(channel: &Channel) -> lapin::Result<()> {
    let stray = table(&[("alternate-exchange", text(STRAY))]);
    for (name, kind, arguments) in [
        (WORKERS, ExchangeKind::Fanout, FieldTable::default()),
        (ORDERS, ExchangeKind::Fanout, FieldTable::default()),
        (STRAY, ExchangeKind::Fanout, FieldTable::default()),
        (DEAD, ExchangeKind::Headers, stray),
    ] {
        let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        channel.exchange_declare(name.into(), kind, options, arguments).await?;
    }
    queue(channel, STRAY, &[("x-message-ttl", millis(STRAY_KEEP)), ("x-max-length", AMQPValue::LongInt(1000))]).await?;
    bind(channel, STRAY, STRAY, FieldTable::default()).await
}

/// Declares the queue of a base's jobs, and tells its name.
///
/// # Errors
/// As the broker says.
pub async fn declare_jobs(channel: &Channel, base: &ModelKey, kind: Kind) -> lapin::Result<String> {
    let name = jobs(base, kind);
    let arguments = [
        ("x-queue-type", text("quorum")),
        ("x-expires", millis(JOBS_EXPIRE)),
        ("x-message-ttl", millis(LONGEST)),
        ("x-delivery-limit", number(MOST_RETURNS)),
        ("x-max-length", number(MOST_WAITING)),
        ("x-overflow", text("reject-publish")),
        ("x-dead-letter-exchange", text(DEAD)),
        ("x-dead-letter-strategy", text("at-least-once")),
    ];
    queue(channel, &name, &arguments).await?;
    Ok(name)
}

/// Declares a daemon's own queues: results, which must not be lost, and news.
///
/// # Errors
/// As the broker says.
pub async fn declare_daemon(channel: &Channel, daemon: &str) -> lapin::Result<()> {
    let (results, news) = (results(daemon), news(daemon));
    let arguments = [
        ("x-queue-type", text("quorum")),
        ("x-expires", millis(RESULTS_EXPIRE)),
        ("x-message-ttl", millis(RESULTS_EXPIRE)),
    ];
    queue(channel, &results, &arguments).await?;
    bind(channel, &results, DEAD, table(&[("x-match", text("all")), (DAEMON, text(daemon))])).await?;
    fleeting(channel, &news).await?;
    bind(channel, &news, WORKERS, FieldTable::default()).await
}

/// Deletes them.
///
/// # Errors
/// As the broker says.
pub async fn delete_daemon(channel: &Channel, daemon: &str) -> lapin::Result<()> {
    for queue in [results(daemon), news(daemon)] {
        channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await?;
    }
    Ok(())
}

/// Declares a worker's queue of orders.
///
/// # Errors
/// As the broker says.
pub async fn declare_worker(channel: &Channel, worker: &str) -> lapin::Result<()> {
    let orders = orders(worker);
    fleeting(channel, &orders).await?;
    bind(channel, &orders, ORDERS, FieldTable::default()).await
}

async fn fleeting(channel: &Channel, name: &str) -> lapin::Result<()> {
    queue(channel, name, &[("x-expires", millis(NEWS_EXPIRE)), ("x-message-ttl", millis(NEWS_KEEP))]).await
}

async fn queue(channel: &Channel, name: &str, arguments: &[(&str, AMQPValue)]) -> lapin::Result<()> {
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(name.into(), options, table(arguments)).await.map(drop)
}

async fn bind(channel: &Channel, queue: &str, exchange: &str, arguments: FieldTable) -> lapin::Result<()> {
    channel.queue_bind(queue.into(), exchange.into(), "".into(), QueueBindOptions::default(), arguments).await
}

/// A table of arguments or headers.
pub fn table(entries: &[(&str, AMQPValue)]) -> FieldTable {
    let mut table = FieldTable::default();
    for (key, value) in entries {
        table.insert(ShortString::from(*key), value.clone());
    }
    table
}

/// A text in such a table.
pub fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(text))
}

fn number(number: u32) -> AMQPValue {
    AMQPValue::LongLongInt(i64::from(number))
}

fn millis(duration: Duration) -> AMQPValue {
    AMQPValue::LongLongInt(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use maskarad_engine::Precision;

    use super::*;

    #[test]
    fn a_queue_s_name_tells_weights_and_nothing_else() {
        let base = ModelKey::new([0xab; 32], Precision::Int8);
        let hash = "ab".repeat(32);
        assert_eq!(jobs(&base.with_adapter([1; 32]), Kind::Directed), format!("maskarad.jobs.v1.{hash}-int8.directed"));
        assert!(jobs(&base, Kind::Ambient).len() < 255, "AMQP's bound for names");
    }
}
