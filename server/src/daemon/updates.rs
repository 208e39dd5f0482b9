//! The way a persona's updates come, as its manifest says: by asking for them, or by a webhook.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Wire;
use crate::app::App;
use crate::config::persona::Updates;
use crate::config::secret::Secret;
use crate::live::LivePersona;
use crate::standing::Standing;
use crate::telegram::client::TelegramClient;
use crate::telegram::intake::{Intake, Stopped};
use crate::telegram::poll::Poller;
use crate::telegram::webhook::Webhook;

/// What either way needs.
pub(super) struct Way<'a> {
    pub(super) app: &'a Arc<App>,
    pub(super) live: &'a Arc<LivePersona>,
    pub(super) client: &'a TelegramClient,
    pub(super) token: &'a Secret,
    pub(super) wire: &'a Wire,
    pub(super) stopping: &'a CancellationToken,
}

impl Way<'_> {
    /// Takes updates until the daemon stops or the token is refused.
    pub(super) async fn take(&self) -> Stopped {
        let (app, live, client) = (Arc::clone(self.app), Arc::clone(self.live), self.client.clone());
        match (self.live.persona().updates, &self.wire.webhook) {
            (Updates::Webhook, Some(wire)) => Webhook::new(app, live, client, wire, self.stopping.clone()).run().await,
            // A webhook without an address of ours doesn't get this far: the configuration is refused.
            (Updates::Webhook, None) | (Updates::Polling, _) => {
                self.app.standings.set(&self.live.name, Standing::Polling);
                let poller = Poller::new(self.token, &self.wire.api_url, self.wire.http.clone());
                Intake::new(app, live, client, poller, self.stopping.clone()).run().await
            }
        }
    }
}
