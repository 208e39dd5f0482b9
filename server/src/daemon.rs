//! Brings everything up in order and keeps it up: personas, routers, queue, delivery, housekeeping.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::backoff::Backoff;
use crate::chat::Me;
use crate::config::persona::Persona;
use crate::config::secret::Secret;
use crate::delivery::Delivery;
use crate::housekeeping;
use crate::lifecycle::Lifecycle;
use crate::live::{LivePersona, Voice};
use crate::pump::{Pump, Work};
use crate::queue::Queue;
use crate::router::Router;
use crate::store::{self, BotId, Retention};
use crate::telegram::client::TelegramClient;
use crate::telegram::connect;
use crate::telegram::intake::{Intake, Stopped};
use crate::telegram::poll::Poller;
use crate::transport::TransportError;

/// Bots that may introduce themselves at once; the official server accepts about 20 new clients a minute.
const AT_ONCE: usize = 15;
/// Between two bots beyond those.
const STAGGER: Duration = Duration::from_secs(3);

/// How the bots reach Telegram.
#[derive(Clone)]
pub struct Wire {
    /// Where the Bot API is.
    pub api_url: url::Url,
    /// The client all bots share.
    pub http: reqwest::Client,
}

/// A persona with its weights, not yet introduced.
pub struct Booted {
    /// Its manifest.
    pub persona: Arc<Persona>,
    /// Its weights and how they are spoken to.
    pub voice: Voice,
}

/// Starts all tasks. Returns once they run; [`Lifecycle::run`] waits for their end.
///
/// # Errors
/// As the store says.
pub async fn start(
    app: &Arc<App>,
    personas: Vec<Booted>,
    wire: Wire,
    retention: Retention,
    lifecycle: &Lifecycle,
) -> store::Result<()> {
    let names: Vec<_> = personas.iter().map(|booted| booted.persona.name.clone()).collect();
    let recovered = app.store.recover(&names).await?;
    if recovered > 0 {
        tracing::info!(recovered, "replies that the last run did not finish are taken up");
    }
    reply(app, lifecycle);
    lifecycle.spawn("housekeeping", housekeeping::run(Arc::clone(app), retention, lifecycle.stopping().clone()));
    let with_token = personas.into_iter().filter_map(|booted| Some((booted.persona.token.clone()?, booted)));
    let with_token: Vec<_> = with_token.collect();
    let refused =
        Arc::new(Refused { bots: with_token.len(), count: AtomicUsize::new(0), lifecycle: lifecycle.clone() });
    for (index, (token, booted)) in with_token.into_iter().enumerate() {
        let delay = STAGGER * u32::try_from(index.saturating_sub(AT_ONCE)).unwrap_or(u32::MAX);
        let bot = Bot { app: Arc::clone(app), booted, token, wire: wire.clone(), refused: Arc::clone(&refused) };
        lifecycle.spawn("persona", bot.run(delay, lifecycle.clone()));
    }
    Ok(())
}

/// Starts making replies and sending them. Sending stops after making has, so that what was under way arrives.
fn reply(app: &Arc<App>, lifecycle: &Lifecycle) {
    let made = CancellationToken::new();
    let (shared, stopping, all_made) = (Arc::clone(app), lifecycle.stopping().clone(), made.clone().drop_guard());
    lifecycle.spawn(Queue::NAME, async move {
        // Dropped with this task, even if it dies.
        let _all_made = all_made;
        let mut pump = Pump::new(Queue::new(Arc::clone(&shared)), shared.limits.replies_at_once);
        pump.run(&shared.jobs, &shared.dice, &stopping).await;
    });
    let shared = Arc::clone(app);
    lifecycle.spawn(Delivery::NAME, async move {
        let mut pump = Pump::new(Delivery::new(Arc::clone(&shared), made.clone()), shared.limits.sends_at_once);
        pump.run(&shared.replies, &shared.dice, &made).await;
        pump.finish().await;
    });
}

/// Counts the bots whose token was refused: with none left there is nothing to run for.
struct Refused {
    bots: usize,
    count: AtomicUsize,
    lifecycle: Lifecycle,
}

impl Refused {
    fn one_more(&self) {
        if self.count.fetch_add(1, Ordering::SeqCst) + 1 == self.bots {
            tracing::error!("no persona's token was accepted; stopping");
            self.lifecycle.fail();
        }
    }
}

/// One persona's bot, from introduction to the end.
struct Bot {
    app: Arc<App>,
    booted: Booted,
    token: Secret,
    wire: Wire,
    refused: Arc<Refused>,
}

impl Bot {
    async fn run(self, delay: Duration, lifecycle: Lifecycle) {
        let stopping = lifecycle.stopping().clone();
        let stopped = tokio::select! {
            stopped = self.serve(delay, &lifecycle) => stopped,
            () = stopping.cancelled() => Stopped::Asked,
        };
        if stopped == Stopped::Asked {
            return;
        }
        // Its token was refused. The others go on, and so does this task, whose end would stop the daemon.
        self.app.roster.remove(&self.booted.persona.name);
        tracing::error!(
            persona = %self.booted.persona.name,
            "the token was refused; get a new one from @BotFather, put it in place and restart; the other personas go on"
        );
        self.refused.one_more();
        stopping.cancelled().await;
    }

    /// Returns when the token is refused, or the daemon stops.
    async fn serve(&self, delay: Duration, lifecycle: &Lifecycle) -> Stopped {
        tokio::time::sleep(delay).await;
        let client = TelegramClient::new(&self.token, &self.wire.api_url, self.wire.http.clone());
        let Some(me) = self.introduce(&client).await else { return Stopped::Unauthorized };
        let live = Arc::new(self.live(me, client.clone()));
        self.app.roster.add(Arc::clone(&live));
        self.app.jobs.notify_one();
        self.app.replies.notify_one();
        let stopping = lifecycle.stopping().clone();
        self.route(&live, lifecycle);
        let menu = tokio::spawn(menu(client.clone(), Arc::clone(&live.persona)));
        let poller = Poller::new(&self.token, &self.wire.api_url, self.wire.http.clone());
        let intake = Intake::new(Arc::clone(&self.app), Arc::clone(&live), client, poller, stopping.clone());
        let stopped = intake.run().await;
        menu.abort();
        stopped
    }

    /// Asks who the bot is until it is known; `None` when the token is refused.
    async fn introduce(&self, client: &TelegramClient) -> Option<Me> {
        let name = &self.booted.persona.name;
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
        loop {
            match connect::introduce(client).await {
                Ok(me) => {
                    tracing::info!(persona = %name, username = me.username, "up");
                    if self.booted.persona.chat_defaults.insanity && !me.can_read_all_group_messages {
                        tracing::warn!(persona = %name, "insanity mode is the default, but the bot is blind in groups: \
                            switch privacy mode off (@BotFather, /setprivacy) and add it to its groups again");
                    }
                    return Some(me);
                }
                Err(TransportError::Unauthorized) => return None,
                Err(error) => {
                    let wait = backoff.next(&self.app.dice);
                    tracing::warn!(persona = %name, %error, ?wait, "Telegram can't be reached; trying again");
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    fn live(&self, me: Me, client: TelegramClient) -> LivePersona {
        LivePersona {
            persona: Arc::clone(&self.booted.persona),
            voice: self.booted.voice.clone(),
            bot_id: BotId(me.id.0),
            me,
            transport: Arc::new(client),
            inbox: Notify::new(),
        }
    }

    fn route(&self, live: &Arc<LivePersona>, lifecycle: &Lifecycle) {
        let (app, live, stopping): (_, _, CancellationToken) =
            (Arc::clone(&self.app), Arc::clone(live), lifecycle.stopping().clone());
        lifecycle.spawn("router", async move {
            let router = Router::new(Arc::clone(&app), Arc::clone(&live));
            Pump::new(router, app.limits.routed_at_once).run(&live.inbox, &app.dice, &stopping).await;
        });
    }
}

/// The menu is a comfort: tried once, and nothing waits for it.
async fn menu(client: TelegramClient, persona: Arc<Persona>) {
    if let Err(error) = connect::register_menu(&client, persona.who_may_toggle).await {
        tracing::warn!(persona = %persona.name, %error, "the menu of commands could not be registered");
    }
}
