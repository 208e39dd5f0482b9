//! Whose turn it is to serve a persona: of several daemons on one database one does, and the others stand by.

use std::time::Duration;

use crate::app::App;
use crate::backoff::Backoff;
use crate::chat::{PersonaName, TransportKind};
use crate::spread::Whose;
use crate::standing::Standings;
use crate::store::{BotId, DaemonName, Lease};

/// How often a standby asks whether the persona is free.
const ASK_AGAIN: Duration = Duration::from_secs(2);
/// The same where this daemon should serve it, and the other is about to hand it over.
const HANDED_OVER: Duration = Duration::from_secs(1);
/// How long a daemon that could not ask for a persona, so that it became another's, isn't thought able to serve it.
const ABLE_AGAIN: Duration = Duration::from_secs(60);
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
    /// Waits until this daemon should serve the persona and nobody else does, and takes it.
    pub(super) async fn take(self) -> Lease {
        let (store, spread, seat) = (&self.app.store, &self.app.spread, self.persona.at(self.transport));
        let holder = spread.me().id.0.as_str();
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(10));
        let mut watch = spread.watch();
        let mut waiting = false;
        spread.stand_ready(seat.clone());
        loop {
            watch.mark_unchanged();
            let whose = spread.whose(&seat);
            if let Whose::Anothers(_) = whose {
                self.stand_by(&mut waiting);
                tokio::select! {
                    // The other end lives as long as the daemon.
                    _ = watch.changed() => {}
                    () = tokio::time::sleep(ABLE_AGAIN) => spread.stand_ready(seat.clone()),
                }
                continue;
            }
            match store.take(self.persona, self.transport, holder, self.app.clock.now()).await {
                Ok(Some(taken)) => {
                    spread.stand_ready(seat);
                    let left = taken.recovered;
                    if left.running + left.sending + left.unknown > 0 {
                        tracing::info!(persona = %self.persona, ?left, "replies that were not finished are taken up");
                    }
                    return taken.lease;
                }
                Ok(None) => {
                    spread.stand_ready(seat.clone());
                    self.stand_by(&mut waiting);
                    backoff.reset();
                    let again = if whose == Whose::Ours { HANDED_OVER } else { ASK_AGAIN };
                    tokio::time::sleep(again.mul_f64(0.5 + self.app.dice.fraction() / 2.0)).await;
                }
                Err(error) => {
                    // Somebody else may be able to.
                    spread.withdraw(&seat);
                    let wait = backoff.next(&self.app.dice);
                    let trouble = format!("whose turn it is can't be asked: {error}");
                    self.tell(|standings| standings.trouble(self.persona, trouble));
                    tracing::warn!(persona = %self.persona, %error, ?wait, "whose turn it is can't be asked; trying again");
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    /// Tells that another daemon serves the persona, and which.
    fn stand_by(self, waiting: &mut bool) {
        let by = self.app.spread.server(&self.persona.at(self.transport));
        if !std::mem::replace(waiting, true) {
            let by = by.as_ref().map(DaemonName::as_str);
            tracing::info!(persona = %self.persona, by, "another daemon serves this persona; standing by");
        }
        self.tell(|standings| standings.stand_by(self.persona, by));
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
