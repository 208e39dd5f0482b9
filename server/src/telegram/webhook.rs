//! A bot's updates by webhook: the address is told to Telegram, looked after, and taken back at a clean stop.
//!
//! Telegram keeps what it can't deliver for a day, and nothing here ever asks it to drop that: from polling to a webhook and
//! back no update is lost, and one that comes both ways is stored once.

mod calls;
mod doors;
mod route;
mod secret;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use self::calls::{Failed, Info};
use self::doors::Doorkeeper;
use super::client::TelegramClient;
use super::intake::Stopped;
use crate::app::App;
use crate::backoff::Backoff;
use crate::live::LivePersona;
use crate::standing::Standing;

pub use self::doors::Doors;
pub use self::route::routes;

/// How Telegram reaches the personas that have a webhook.
#[derive(Clone, Debug)]
pub struct WebhookWire {
    /// The public address of our listener, with no slash at its end.
    pub base: String,
    /// The doors behind which they stand.
    pub doors: Arc<Doors>,
}

/// The webhook of one persona.
pub struct Webhook {
    app: Arc<App>,
    live: Arc<LivePersona>,
    client: TelegramClient,
    url: String,
    doorkeeper: Doorkeeper,
    stopping: CancellationToken,
}

/// What a look at Telegram's side found amiss.
enum Found {
    /// Somebody else has set, replaced or deleted the webhook.
    Changed,
    /// The token is refused.
    Unauthorized,
}

/// Which secret Telegram tells, as far as a failure shows it: a 401 is what we answer to any other than ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    OurSecret,
    AnotherSecret,
}

impl Webhook {
    /// A webhook that Telegram doesn't know of yet.
    pub fn new(
        app: Arc<App>,
        live: Arc<LivePersona>,
        client: TelegramClient,
        wire: &WebhookWire,
        stopping: CancellationToken,
    ) -> Self {
        let url = format!("{}/telegram/{}", wire.base, live.name);
        let doorkeeper = Doorkeeper::new(Arc::clone(&wire.doors), Arc::clone(&live));
        Self { app, live, client, url, doorkeeper, stopping }
    }

    /// Takes updates until the daemon stops or the token is refused. When it is dropped instead, because the persona's lease
    /// is lost, the door is shut and Telegram's side is left to the new holder.
    pub async fn run(mut self) -> Stopped {
        let stopping = self.stopping.clone();
        let stopped = tokio::select! {
            stopped = self.serve() => stopped,
            () = stopping.cancelled() => Stopped::Asked,
        };
        if stopped == Stopped::Asked {
            self.delete().await;
        }
        stopped
    }

    async fn serve(&mut self) -> Stopped {
        loop {
            if self.set().await.is_err() {
                return Stopped::Unauthorized;
            }
            match self.watch().await {
                Found::Unauthorized => return Stopped::Unauthorized,
                Found::Changed => {}
            }
        }
    }

    /// Tells Telegram the address and a new secret, as long as it takes; fails only when the token is refused.
    async fn set(&mut self) -> Result<(), Failed> {
        let persona = self.live.name.clone();
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
        loop {
            // It opens the door before Telegram knows it: the first update may come before the answer does.
            let secret = self.doorkeeper.new_secret();
            let error = match calls::set(self.client.caller(), &self.url, &secret).await {
                Ok(()) => {
                    tracing::info!(%persona, url = self.url, "the webhook is set");
                    self.app.standings.set(&persona, Standing::Webhook);
                    return Ok(());
                }
                Err(Failed::Unauthorized) => return Err(Failed::Unauthorized),
                Err(error) => error,
            };
            let wait = match &error {
                Failed::Flood(wait) => *wait,
                _ => backoff.next(&self.app.dice),
            };
            tracing::warn!(%persona, %error, ?wait, "the webhook can't be set; trying again");
            self.app.standings.trouble(&persona, format!("the webhook can't be set: {error}"));
            tokio::time::sleep(wait).await;
        }
    }

    /// Looks now and then whether the webhook is still ours, until it isn't.
    async fn watch(&self) -> Found {
        // What went wrong before is no news.
        let mut last_error = match self.info().await {
            Ok(info) => info.and_then(|info| info.last_error_date),
            Err(found) => return found,
        };
        loop {
            tokio::time::sleep(self.app.limits.webhook_check).await;
            match self.info().await {
                Ok(None) => {}
                Ok(Some(info)) if info.url != self.url => return self.replaced(&info),
                Ok(Some(info)) if info.last_error_date > last_error => {
                    last_error = info.last_error_date;
                    if self.failed(&info) == Told::AnotherSecret {
                        return Found::Changed;
                    }
                }
                Ok(Some(_)) => self.app.standings.set(&self.live.name, Standing::Webhook),
                Err(found) => return found,
            }
        }
    }

    /// How the webhook fares, where Telegram can be asked.
    async fn info(&self) -> Result<Option<Info>, Found> {
        match calls::info(self.client.caller()).await {
            Ok(info) => Ok(Some(info)),
            Err(Failed::Unauthorized) => Err(Found::Unauthorized),
            Err(error) => {
                tracing::warn!(persona = %self.live.name, %error, "how the webhook fares can't be asked");
                Ok(None)
            }
        }
    }

    fn replaced(&self, info: &Info) -> Found {
        let what = if info.url.is_empty() { "deleted" } else { "replaced" };
        tracing::warn!(persona = %self.live.name, "somebody else has {what} this bot's webhook; setting it again");
        Found::Changed
    }

    fn failed(&self, info: &Info) -> Told {
        let persona = &self.live.name;
        let error = info.last_error_message.as_deref().unwrap_or("it does not say why");
        tracing::warn!(%persona, error, waiting = info.pending_update_count, "Telegram could not deliver an update");
        if error.contains("401") {
            return Told::AnotherSecret;
        }
        self.app.standings.trouble(persona, format!("Telegram could not deliver an update: {error}"));
        Told::OurSecret
    }

    /// Takes the address back. What Telegram has not delivered it keeps for the next start.
    async fn delete(&self) {
        let persona = &self.live.name;
        match calls::delete(self.client.caller()).await {
            Ok(()) => tracing::info!(%persona, "the webhook is deleted"),
            Err(error) => {
                tracing::warn!(%persona, %error, "the webhook could not be deleted; the next start sees to it");
            }
        }
    }
}
