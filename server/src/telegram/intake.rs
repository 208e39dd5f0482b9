//! One bot's loop: ask, store, and only then confirm. Reads no update beyond its id and chat.

use std::sync::Arc;
use std::time::Duration;

use teloxide::requests::Requester;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::client::TelegramClient;
use super::poll::{Batch, PollError, Poller};
use crate::app::App;
use crate::backoff::Backoff;
use crate::live::LivePersona;
use crate::metrics;
use crate::request::RequestId;
use crate::standing::Standing;

/// Pause after updates none of which was new.
const NOTHING_NEW: Duration = Duration::from_secs(1);

/// A longer pause counts as several turns.
const TURN: Duration = Duration::from_secs(20);

/// Pause while too many updates wait to be routed.
const NO_ROOM: Duration = Duration::from_secs(1);

/// The loop of one persona.
pub struct Intake {
    app: Arc<App>,
    live: Arc<LivePersona>,
    client: TelegramClient,
    poller: Poller,
    stopping: CancellationToken,
}

/// Why the loop of a persona ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The daemon stops.
    Asked,
    /// Its token was refused.
    Unauthorized,
}

impl Intake {
    /// A loop that has not begun.
    pub fn new(
        app: Arc<App>,
        live: Arc<LivePersona>,
        client: TelegramClient,
        poller: Poller,
        stopping: CancellationToken,
    ) -> Self {
        Self { app, live, client, poller, stopping }
    }

    /// Polls until the daemon stops or the token is refused.
    pub async fn run(self) -> Stopped {
        let mut offset = None;
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
        loop {
            self.live.turns.one_more();
            while self.app.load.is_flooded() {
                if self.pause(NO_ROOM).await {
                    return Stopped::Asked;
                }
            }
            let polled = tokio::select! {
                polled = self.poller.poll(offset) => polled,
                () = self.stopping.cancelled() => return Stopped::Asked,
            };
            let wait = match polled {
                Ok(batch) => {
                    if backoff.failures() > 0 {
                        tracing::info!(persona = %self.live.name, "Telegram answers again");
                        self.app.standings.set(&self.live.name, Standing::Polling);
                    }
                    backoff.reset();
                    let Some(new) = self.store(&batch).await else { return Stopped::Asked };
                    // An empty batch means that all before the offset is confirmed. Ids may restart at random after
                    // a silent week, and an old offset would then confirm what was never fetched.
                    offset = batch.next_offset();
                    if new > 0 || batch.is_empty() {
                        continue;
                    }
                    // What is known already, or has no id to be confirmed by, may come again at once.
                    NOTHING_NEW
                }
                Err(PollError::Unauthorized) => return Stopped::Unauthorized,
                Err(PollError::Flood(wait)) => {
                    metrics::flooded(&self.live.name, metrics::Call::Poll);
                    wait
                }
                Err(PollError::Webhook) => {
                    self.delete_webhook().await;
                    backoff.next(&self.app.dice)
                }
                Err(error @ (PollError::OtherPoller | PollError::Unreachable(_))) => {
                    let wait = backoff.next(&self.app.dice);
                    tracing::warn!(persona = %self.live.name, %error, ?wait, "no updates; asking again");
                    self.app.standings.trouble(&self.live.name, error.to_string());
                    wait
                }
            };
            if self.pause(wait).await {
                return Stopped::Asked;
            }
        }
    }

    /// Stores a batch, as long as it takes: what can't be stored is not confirmed. Returns how many updates were new;
    /// `None` when the daemon stops.
    async fn store(&self, batch: &Batch) -> Option<u64> {
        if batch.unreadable > 0 {
            tracing::warn!(persona = %self.live.name, count = batch.unreadable, "updates without an id were left out");
        }
        if batch.updates.is_empty() {
            return Some(0);
        }
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));
        loop {
            match self.app.store.accept(self.live.bot_id, &batch.updates, self.app.clock.now()).await {
                Ok(new) => {
                    tracing::debug!(persona = %self.live.name, count = batch.updates.len(), new, "updates stored");
                    for update in &batch.updates {
                        let request = RequestId::of_update(&self.live.seat(), update.update_id);
                        request.span().in_scope(|| tracing::debug!(persona = %self.live.name, "an update is stored"));
                    }
                    metrics::updates_received(&self.live.name, new);
                    self.live.inbox.notify_one();
                    return Some(new);
                }
                Err(error) => {
                    let wait = backoff.next(&self.app.dice);
                    tracing::warn!(persona = %self.live.name, %error, ?wait, "updates can't be stored; none are asked for meanwhile");
                    if self.pause(wait).await {
                        return None;
                    }
                }
            }
        }
    }

    async fn delete_webhook(&self) {
        tracing::warn!(persona = %self.live.name, "a webhook is set for this bot; deleting it, because this persona polls");
        if let Err(error) = self.client.bot().delete_webhook().await {
            let error = super::error::translate(error);
            tracing::warn!(persona = %self.live.name, %error, "the webhook could not be deleted");
        }
    }

    /// Waits; true when the daemon stops meanwhile.
    async fn pause(&self, wait: Duration) -> bool {
        let until = Instant::now() + wait;
        while Instant::now() < until {
            // Telegram may ask for minutes.
            self.live.turns.one_more();
            tokio::select! {
                () = tokio::time::sleep_until(until.min(Instant::now() + TURN)) => {}
                () = self.stopping.cancelled() => return true,
            }
        }
        false
    }
}
