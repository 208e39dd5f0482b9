//! One persona's bot: introduced, given its turn, routed and polled, until the daemon stops or its token is refused for good.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::term::{self, Over};
use super::turn::Turn;
use super::{Wire, updates};
use crate::app::App;
use crate::backoff::Backoff;
use crate::chat::{Me, TransportKind};
use crate::clock::Dice;
use crate::config::persona::Persona;
use crate::config::secret::Secret;
use crate::live::{Identity, LivePersona, Speaker};
use crate::standing::Standing;
use crate::store::{BotId, DaemonName, Lease};
use crate::telegram::client::TelegramClient;
use crate::telegram::connect;
use crate::telegram::intake::Stopped;
use crate::transport::TransportError;

/// A token counts as refused after so many refusals in a row: a proxy or a local Bot API server may be starting up.
const REFUSALS: u32 = 3;
/// How often the menu of commands is tried.
const MENU_ATTEMPTS: u32 = 5;

/// One persona's bot.
pub(super) struct Bot {
    pub(super) app: Arc<App>,
    /// What it is may change meanwhile.
    pub(super) speaker: Arc<Speaker>,
    pub(super) token: Secret,
    pub(super) wire: Wire,
    /// Cancelled when the daemon stops, or when this persona is taken out.
    pub(super) stopping: CancellationToken,
}

/// Why a bot ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The daemon stops.
    Stopping,
    /// Its token was refused for good.
    Refused,
}

/// Why a bot's term of serving ended.
#[derive(Clone, Debug, PartialEq, Eq)]
enum TermEnded {
    /// The daemon stops.
    Stopping,
    /// The token was refused for good.
    Refused,
    /// Another daemon has taken the persona.
    Superseded,
    /// The daemon of this name is to serve it.
    Dismissed(DaemonName),
}

impl Bot {
    /// Runs until the end: waits for its turn, serves, and waits again should another daemon take the persona, or be meant to.
    pub(super) async fn run(self, delay: Duration) -> Ended {
        let stopping = self.stopping.clone();
        let client = TelegramClient::new(&self.token, &self.wire.api_url, self.wire.http.clone());
        let mut delay = delay;
        loop {
            let come_up = tokio::select! {
                biased;
                () = stopping.cancelled() => return Ended::Stopping,
                come_up = self.come_up(delay, &client) => come_up,
            };
            delay = Duration::ZERO;
            let Some(live) = come_up else { return self.refused() };
            match self.serve(&live, &client).await {
                TermEnded::Stopping => return Ended::Stopping,
                TermEnded::Refused => {
                    self.step_down(&live).await;
                    return self.refused();
                }
                TermEnded::Superseded => {
                    tracing::warn!(persona = %self.speaker.name, "another daemon has taken this persona; standing by");
                    self.step_down(&live).await;
                }
                TermEnded::Dismissed(to) => {
                    tracing::info!(persona = %self.speaker.name, %to, "another daemon is to serve this persona; handing it over");
                    self.app.standings.set(&live.name, Standing::Starting);
                    term::hand_over(&self.app, live).await;
                }
            }
        }
    }

    fn refused(&self) -> Ended {
        self.app.standings.set(&self.speaker.name, Standing::Refused);
        tracing::error!(
            persona = %self.speaker.name,
            "the token was refused; get a new one from @BotFather, put it in place and restart, or reload where it is in a file; the others go on"
        );
        Ended::Refused
    }

    /// Its jobs wait in the store for whoever serves it next.
    async fn step_down(&self, live: &LivePersona) {
        self.app.standings.set(&live.name, Standing::Starting);
        term::step_down(&self.app, live).await;
    }

    /// Finds out who the bot is and waits for its turn; `None` when its token is refused.
    async fn come_up(&self, delay: Duration, client: &TelegramClient) -> Option<Arc<LivePersona>> {
        tokio::time::sleep(delay).await;
        let me = self.introduce(client).await?;
        let lease = self.turn().take().await;
        self.app.standings.set(&self.speaker.name, Standing::Starting);
        tracing::info!(persona = %self.speaker.name, username = me.username, epoch = lease.epoch, "up");
        self.warn_if_blind(&me);
        self.turn().take_over(BotId(me.id.0)).await;
        self.app.forget_all_settings();
        Some(Arc::new(self.live(me, lease, client.clone())))
    }

    fn turn(&self) -> Turn<'_> {
        Turn { app: &self.app, persona: &self.speaker.name, transport: TransportKind::Telegram }
    }

    /// Routes and polls until the daemon stops, the token is refused or another daemon takes the persona.
    async fn serve(&self, live: &Arc<LivePersona>, client: &TelegramClient) -> TermEnded {
        tokio::spawn(menu(Arc::clone(&self.app), client.clone(), self.persona()));
        match term::serve(&self.app, live, &self.stopping, self.receive(live, client)).await {
            Over::Ended(ended) => ended,
            Over::Taken => TermEnded::Superseded,
            Over::Dismissed(to) => TermEnded::Dismissed(to),
        }
    }

    /// Takes updates until the daemon stops, or until a refusal, of asking or of sending, is confirmed.
    async fn receive(&self, live: &Arc<LivePersona>, client: &TelegramClient) -> TermEnded {
        let stopping = &self.stopping;
        let way = updates::Way { app: &self.app, live, client, token: &self.token, wire: &self.wire, stopping };
        loop {
            let stopped = tokio::select! {
                stopped = way.take() => stopped,
                () = live.doubted.notified() => Stopped::Unauthorized,
            };
            if stopped == Stopped::Asked {
                return TermEnded::Stopping;
            }
            tokio::select! {
                me = self.introduce(client) => if me.is_none() { return TermEnded::Refused },
                () = stopping.cancelled() => return TermEnded::Stopping,
            }
        }
    }

    /// Asks who the bot is until it is known; `None` when the token is refused again and again.
    async fn introduce(&self, client: &TelegramClient) -> Option<Me> {
        let name = &self.speaker.name;
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
        let mut refusals = 0;
        loop {
            let error = match connect::introduce(client).await {
                Ok(me) => return Some(me),
                Err(error) => error,
            };
            refusals = if error == TransportError::Unauthorized { refusals + 1 } else { 0 };
            if refusals == REFUSALS {
                return None;
            }
            let wait = patience(&error, &mut backoff, &self.app.dice);
            self.app.standings.trouble(name, error.to_string());
            if refusals > 0 {
                tracing::warn!(persona = %name, refusals, ?wait, "the token was refused; making sure");
            } else {
                tracing::warn!(persona = %name, %error, ?wait, "Telegram can't be reached; trying again");
            }
            tokio::time::sleep(wait).await;
        }
    }

    fn warn_if_blind(&self, me: &Me) {
        if self.persona().chat_defaults.insanity && !me.can_read_all_group_messages {
            tracing::warn!(persona = %self.speaker.name, "insanity mode is the default, but the bot is blind in \
                groups: switch privacy mode off (@BotFather, /setprivacy) and add it to its groups again");
        }
    }

    fn live(&self, me: Me, lease: Lease, client: TelegramClient) -> LivePersona {
        let identity = Identity { me, lease, transport: Arc::new(client) };
        LivePersona::new(Arc::clone(&self.speaker), identity)
    }

    fn persona(&self) -> Arc<Persona> {
        Arc::clone(&self.speaker.character().persona)
    }
}

/// The menu is a comfort: tried a few times, and nothing waits for it.
async fn menu(app: Arc<App>, client: TelegramClient, persona: Arc<Persona>) {
    let mut backoff = Backoff::new(Duration::from_secs(5), Duration::from_secs(300));
    for _ in 0..MENU_ATTEMPTS {
        let Err(error) = connect::register_menu(&client, persona.who_may_toggle).await else { return };
        tracing::warn!(persona = %persona.name, %error, "the menu of commands could not be registered");
        tokio::time::sleep(patience(&error, &mut backoff, &app.dice)).await;
    }
}

/// How long to wait before trying again: as long as Telegram says, where it does.
fn patience(error: &TransportError, backoff: &mut Backoff, dice: &Dice) -> Duration {
    match error {
        TransportError::Flood(wait) => *wait,
        _ => backoff.next(dice),
    }
}
