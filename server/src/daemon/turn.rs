//! Whose turn it is to serve a persona: of several daemons on one database one does, and the others stand by.

use std::time::Duration;

use crate::app::App;
use crate::backoff::Backoff;
use crate::chat::{PersonaName, TransportKind};
use crate::machine;
use crate::standing::{Standing, Standings};
use crate::store::{BotId, Lease};

/// How often a standby asks whether the persona is free.
const ASK_AGAIN: Duration = Duration::from_secs(2);
/// How often the one who serves makes sure that it still may. Fencing makes the time between harmless.
const MAKE_SURE: Duration = Duration::from_secs(3);

/// One persona's turns at one transport.
#[derive(Clone, Copy)]
pub(super) struct Turn<'a> {
    pub(super) app: &'a App,
    pub(super) persona: &'a PersonaName,
    pub(super) transport: TransportKind,
}

impl Turn<'_> {
    /// Waits until nobody else serves the persona, and takes it.
    pub(super) async fn take(self) -> Lease {
        let (store, holder) = (&self.app.store, holder());
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));
        let mut waiting = false;
        loop {
            match store.take(self.persona, self.transport, &holder, self.app.clock.now()).await {
                Ok(Some(taken)) => {
                    let left = taken.recovered;
                    if left.running + left.sending + left.unknown > 0 {
                        tracing::info!(persona = %self.persona, ?left, "replies that were not finished are taken up");
                    }
                    return taken.lease;
                }
                Ok(None) => {
                    if !std::mem::replace(&mut waiting, true) {
                        tracing::info!(persona = %self.persona, "another daemon serves this persona; standing by");
                        self.tell(|standings| standings.set(self.persona, Standing::Standby));
                    }
                    backoff.reset();
                    tokio::time::sleep(ASK_AGAIN.mul_f64(0.5 + self.app.dice.fraction() / 2.0)).await;
                }
                Err(error) => {
                    let wait = backoff.next(&self.app.dice);
                    let trouble = format!("whose turn it is can't be asked: {error}");
                    self.tell(|standings| standings.trouble(self.persona, trouble));
                    tracing::warn!(persona = %self.persona, %error, ?wait, "whose turn it is can't be asked; trying again");
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    /// Notes which bot speaks from now on, as long as it takes: what another one heard must not pass for this one's.
    pub(super) async fn take_over(self, bot: BotId) {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(30));
        loop {
            match self.app.store.take_over(self.persona, self.transport, bot).await {
                Ok(false) => return,
                Ok(true) => return tracing::info!(persona = %self.persona, "speaks through another bot than before"),
                Err(error) => {
                    let wait = backoff.next(&self.app.dice);
                    tracing::warn!(persona = %self.persona, %error, ?wait, "who speaks for a persona can't be noted; trying again");
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    /// How a persona stands is how its bot does.
    fn tell(self, what: impl FnOnce(&Standings)) {
        if self.transport == TransportKind::Telegram {
            what(&self.app.standings);
        }
    }

    /// Waits until the lease is lost. A database that is away tells nothing: nobody else can have taken the persona there.
    pub(super) async fn lost(self, lease: &Lease) {
        loop {
            tokio::time::sleep(MAKE_SURE).await;
            match self.app.store.keeps(lease).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::debug!(persona = %self.persona, %error, "whose turn it is can't be asked"),
            }
        }
    }
}

/// This machine and this process, for people who look into the database.
fn holder() -> String {
    format!("{}:{}", machine::name(), std::process::id())
}
