//! A look at the broker and at who is heard there, by somebody who is no daemon: `maskarad doctor`.

use std::time::Duration;

use futures::StreamExt;
use tokio::time::Instant;

use super::broker::{self, BrokerConfig, BrokerError, Link};
use super::crew::{Crew, Standing};
use super::protocol::ToDaemon;
use super::topology;

/// Connects, makes queues as a daemon does, listens for so long, and takes the queues away again. `id` is nobody else's.
///
/// # Errors
/// Everything that would keep a daemon from working with this broker.
pub async fn survey(config: &BrokerConfig, id: &str, listen: Duration) -> Result<Vec<Standing>, BrokerError> {
    let link = broker::connect(config, "maskarad doctor").await?;
    link.answer(topology::declare_daemon(&link.channel, id)).await?;
    let crew = Crew::default();
    let heard = match tokio::time::timeout(listen, hear(&link, id, &crew)).await {
        Ok(ended) => ended,
        Err(_) => Ok(()),
    };
    let gone = link.answer(topology::delete_daemon(&link.channel, id)).await;
    link.close().await;
    heard?;
    gone?;
    Ok(crew.standings(Instant::now()))
}

async fn hear(link: &Link, id: &str, crew: &Crew) -> Result<(), BrokerError> {
    let mut news = link.listen(&topology::news(id), true).await?;
    while let Some(delivery) = news.next().await {
        if let Ok(ToDaemon::Hello(hello)) = serde_json::from_slice(&delivery?.data) {
            crew.heard(hello, Instant::now());
        }
    }
    Err(BrokerError::Said("a queue has gone".to_owned()))
}
