//! Delivers a bot's updates to its webhook: one in flight per chat, repeated at once and then after 2, 4, 8… seconds,
//! or when the webhook asks for it (`Retry-After`). Registering a webhook is `methods`' business.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use reqwest::{
    Client, Url,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use serde_json::Value;
use tokio::{task::JoinSet, time::Instant};

use crate::{
    ids::{ChatId, UserId},
    shared::Shared,
    world::queue::QueuedUpdate,
};

const SECRET_HEADER: &str = "X-Telegram-Bot-Api-Secret-Token";
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
const SHORTEST_NAP: Duration = Duration::from_millis(10);
const LONGEST_DELAY: Duration = Duration::from_secs(64);
const LONGEST_RETRY_AFTER: u64 = 3600;

/// Where a bot's updates go.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    pub(crate) url: Url,
    secret: Option<String>,
    pub(crate) max_connections: usize,
    pub(crate) last_error: Option<DeliveryError>,
}

/// The last failure, for `getWebhookInfo`.
#[derive(Clone, Debug)]
pub(crate) struct DeliveryError {
    pub(crate) date: i64,
    pub(crate) message: String,
}

impl Webhook {
    pub(crate) fn new(url: Url, secret: Option<String>, max_connections: usize) -> Self {
        Self { url, secret, max_connections, last_error: None }
    }
}

/// The order within a chat is kept; updates of no chat share one line.
type Line = Option<ChatId>;

struct Delivery {
    shared: Arc<Shared>,
    bot: UserId,
    generation: u64,
    client: Client,
    in_flight: HashSet<Line>,
    failed: HashMap<Line, Failure>,
    tasks: JoinSet<Delivered>,
}

#[derive(Clone, Copy)]
struct Failure {
    times: u32,
    not_before: Instant,
}

struct Delivered {
    line: Line,
    update_id: i64,
    result: Result<(), Refused>,
}

/// Why an update was not taken, and when it is wanted again if the webhook says.
struct Refused {
    message: String,
    retry_after: Option<Duration>,
}

/// Delivers until the webhook is replaced or the emulator stops.
pub(crate) async fn deliver(shared: Arc<Shared>, bot: UserId, generation: u64) {
    let Ok(client) = Client::builder().no_proxy().timeout(ANSWER_WITHIN).build() else {
        tracing::error!("no HTTP client for webhooks");
        return;
    };
    let stop = shared.stop.clone();
    let delivery = Delivery {
        shared,
        bot,
        generation,
        client,
        in_flight: HashSet::new(),
        failed: HashMap::new(),
        tasks: JoinSet::new(),
    };
    stop.run_until_cancelled(delivery.run()).await;
}

impl Delivery {
    async fn run(mut self) {
        let mut bell = self.shared.bell();
        loop {
            bell.borrow_and_update();
            let Some(webhook) = self.current() else {
                return;
            };
            self.start_ready(&webhook);
            let wake_at = self.next_retry();
            tokio::select! {
                Some(done) = self.tasks.join_next() => {
                    if let Ok(done) = done { self.finish(done); }
                }
                _ = bell.changed() => {}
                () = tokio::time::sleep_until(wake_at) => {}
            }
        }
    }

    fn current(&self) -> Option<Webhook> {
        self.shared.look(|world| {
            let bot = world.bot(self.bot);
            bot.webhook.clone().filter(|_| bot.webhook_generation == self.generation)
        })
    }

    /// Sends the first waiting update of every chat that has none in flight.
    fn start_ready(&mut self, webhook: &Webhook) {
        let now = Instant::now();
        let mut seen: HashSet<Line> = self.in_flight.clone();
        let delayed = self.failed.iter().filter(|(_, failure)| failure.not_before > now).map(|(line, _)| *line);
        seen.extend(delayed);
        let room = webhook.max_connections.saturating_sub(self.in_flight.len());
        let ready: Vec<QueuedUpdate> = self.shared.look(|world| {
            let waiting = world.bot(self.bot).updates.waiting();
            waiting.iter().filter(|update| seen.insert(update.chat)).take(room).cloned().collect()
        });
        for update in ready {
            self.in_flight.insert(update.chat);
            self.tasks.spawn(send(self.client.clone(), webhook.clone(), update));
        }
    }

    fn finish(&mut self, done: Delivered) {
        self.in_flight.remove(&done.line);
        match done.result {
            Ok(()) => {
                self.failed.remove(&done.line);
                self.shared.change(|world| world.bot_mut(self.bot).updates.remove(done.update_id));
            }
            Err(refused) => self.put_off(done.line, refused),
        }
    }

    fn put_off(&mut self, line: Line, refused: Refused) {
        let Refused { message, retry_after } = refused;
        // A wait that was asked for doesn't lengthen those that follow.
        let before = self.failed.get(&line).map_or(0, |failure| failure.times);
        let times = if retry_after.is_some() { before } else { before + 1 };
        let not_before = Instant::now() + retry_after.unwrap_or_else(|| retry_delay(times));
        self.failed.insert(line, Failure { times, not_before });
        self.shared.change(|world| {
            let date = world.now();
            if let Some(webhook) = &mut world.bot_mut(self.bot).webhook {
                webhook.last_error = Some(DeliveryError { date, message });
            }
        });
    }

    fn next_retry(&self) -> Instant {
        let now = Instant::now();
        let idle = self.failed.iter().filter(|(line, _)| !self.in_flight.contains(line));
        let next = idle.map(|(_, failure)| failure.not_before).min().unwrap_or(now + LONGEST_DELAY);
        // A line whose updates were dropped, or that finds no room, must not spin.
        next.max(now + SHORTEST_NAP)
    }
}

fn retry_delay(failures: u32) -> Duration {
    match failures {
        0 | 1 => Duration::ZERO,
        _ => Duration::from_secs(2u64.saturating_pow(failures - 1)).min(LONGEST_DELAY),
    }
}

async fn send(client: Client, webhook: Webhook, update: QueuedUpdate) -> Delivered {
    let result = post(&client, &webhook, &update.json).await;
    Delivered { line: update.chat, update_id: update.id, result }
}

async fn post(client: &Client, webhook: &Webhook, update: &Value) -> Result<(), Refused> {
    let mut request =
        client.post(webhook.url.clone()).header(CONTENT_TYPE, "application/json").body(update.to_string());
    if let Some(secret) = &webhook.secret {
        request = request.header(SECRET_HEADER, secret);
    }
    let response = request.send().await.map_err(|error| {
        let message = error.without_url().to_string();
        Refused { message, retry_after: None }
    })?;
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let seconds = response.headers().get(RETRY_AFTER).and_then(|seconds| seconds.to_str().ok()?.parse::<u64>().ok());
    let retry_after = seconds.filter(|seconds| *seconds > 0).map(|seconds| seconds.min(LONGEST_RETRY_AFTER));
    let message = format!("Wrong response from the webhook: {status}");
    Err(Refused { message, retry_after: retry_after.map(Duration::from_secs) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_come_at_once_and_then_ever_later() {
        let seconds: Vec<u64> = (1..=8).map(|failures| retry_delay(failures).as_secs()).collect();
        assert_eq!(seconds, [0, 2, 4, 8, 16, 32, 64, 64]);
    }
}
