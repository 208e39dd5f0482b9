//! How many jobs a second one daemon hands out: the whole way of a message through inbox, router, queue, broker, delivery and
//! history, on a durable PostgreSQL, with a worker and a transport that answer at once. The instant worker and the crowd share
//! the daemon's process.

mod ground;

use std::time::{Duration, Instant};

use maskarad::remote::BrokerConfig;

use self::ground::Ground;
use crate::Extent;
use crate::crew::median;
use crate::processes::{Watch, named, working_in};

/// Chats that always want one more reply.
const CHATS: [usize; 3] = [64, 256, 1024];

pub(crate) async fn table(broker: &BrokerConfig, extent: Extent) -> anyhow::Result<String> {
    let mut lines = String::from(
        "| chats | jobs/s | wait p50, ms | daemon, worker and crowd, cores | PostgreSQL | RabbitMQ |\n\
         |---:|---:|---:|---:|---:|---:|\n",
    );
    for chats in CHATS {
        let ground = Ground::new(broker).await?;
        ground.let_write(chats).await?;
        tokio::time::sleep(Duration::from_secs(3)).await;
        let watch = Watch::begin(vec![
            ("daemon", vec![std::process::id()]),
            ("PostgreSQL", working_in(&ground.database())),
            ("RabbitMQ", named("beam.smp")),
        ]);
        let (before, begun) = (ground.answers(), Instant::now());
        tokio::time::sleep(Duration::from_secs_f64(extent.seconds)).await;
        let rate = (ground.answers() - before) as f64 / begun.elapsed().as_secs_f64();
        let used: Vec<String> = watch.end().iter().map(|(_, cores)| format!("{cores:.2}")).collect();
        let wait = median(ground.waits()) * 1e3;
        lines += &format!("| {chats} | {rate:.0} | {wait:.0} | {} |\n", used.join(" | "));
        ground.end().await?;
    }
    Ok(lines)
}
