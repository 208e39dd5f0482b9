//! One persona in the rooms of the daemon's own page, until the daemon stops or the persona is taken out.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::term::{self, Over};
use super::turn::Turn;
use crate::app::App;
use crate::chat::TransportKind;
use crate::live::{Identity, LivePersona, Speaker};
use crate::web::{self, WebTransport};

/// One persona in all rooms.
pub(super) struct Sitter {
    pub(super) app: Arc<App>,
    /// What it is may change meanwhile.
    pub(super) speaker: Arc<Speaker>,
    /// Cancelled when the daemon stops, or when this persona is taken out.
    pub(super) stopping: CancellationToken,
}

impl Sitter {
    /// Runs until the end: waits for its turn, serves, and waits again should another daemon take the persona, or be meant to.
    pub(super) async fn run(self) {
        loop {
            let live = tokio::select! {
                biased;
                () = self.stopping.cancelled() => return,
                live = self.come_up() => live,
            };
            match term::serve(&self.app, &live, &self.stopping, self.stopping.cancelled()).await {
                Over::Ended(()) => return,
                Over::Taken => {
                    tracing::warn!(persona = %self.speaker.name, "another daemon has taken this persona's rooms; standing by");
                    term::step_down(&self.app, &live).await;
                }
                Over::Dismissed(to) => {
                    tracing::debug!(persona = %self.speaker.name, %to, "another daemon is to serve this persona's rooms");
                    term::hand_over(&self.app, live).await;
                }
            }
        }
    }

    async fn come_up(&self) -> Arc<LivePersona> {
        let persona = &self.speaker.name;
        let turn = Turn { app: &self.app, persona, transport: TransportKind::Web };
        let lease = turn.take().await;
        turn.take_over(web::bot_id(persona)).await;
        self.app.forget_all_settings();
        let clock = Arc::clone(&self.app.clock);
        let transport = WebTransport::new(self.app.rooms.clone(), Arc::clone(&self.speaker), clock);
        let identity = Identity { me: web::me(persona), lease, transport: Arc::new(transport) };
        tracing::debug!(%persona, epoch = identity.lease.epoch, "sits in the rooms");
        Arc::new(LivePersona::new(Arc::clone(&self.speaker), identity))
    }
}
