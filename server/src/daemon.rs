//! Brings everything up in order and keeps it up: personas, routers, queue, delivery, housekeeping.

mod bot;
mod turn;
mod updates;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use self::bot::{Bot, Ended};
use crate::app::App;
use crate::config::persona::Persona;
use crate::delivery::Delivery;
use crate::housekeeping;
use crate::lifecycle::Lifecycle;
use crate::live::Voice;
use crate::load;
use crate::metrics;
use crate::pump::{Pump, Work};
use crate::queue::Queue;
use crate::standing::Standing;
use crate::store::{Recovered, Retention};
use crate::telegram::webhook::WebhookWire;

/// Bots that may introduce themselves at once; the official server accepts about 20 new clients a minute.
const AT_ONCE: usize = 15;
/// Between two bots beyond those.
const STAGGER: Duration = Duration::from_secs(3);

/// How long giving up the personas may take.
const STANDING_DOWN: Duration = Duration::from_secs(3);

/// How the bots reach Telegram.
#[derive(Clone)]
pub struct Wire {
    /// Where the Bot API is.
    pub api_url: url::Url,
    /// The client all bots share.
    pub http: reqwest::Client,
    /// How Telegram reaches those bots that don't ask, where there is a way.
    pub webhook: Option<WebhookWire>,
}

/// A persona with its weights, not yet introduced.
pub struct Booted {
    /// Its manifest.
    pub persona: Arc<Persona>,
    /// Its weights and how they are spoken to.
    pub voice: Voice,
}

/// Starts all tasks; [`Lifecycle::run`] waits for their end, and [`stand_down`] follows it.
pub fn start(app: &Arc<App>, personas: Vec<Booted>, wire: &Wire, retention: Retention, lifecycle: &Lifecycle) {
    reply(app, lifecycle);
    lifecycle.spawn("housekeeping", housekeeping::run(Arc::clone(app), retention, lifecycle.stopping().clone()));
    lifecycle.spawn("load", load::run(Arc::clone(app), lifecycle.stopping().clone()));
    let with_token = personas.into_iter().filter_map(|booted| Some((booted.persona.token.clone()?, booted)));
    let with_token: Vec<_> = with_token.collect();
    let refused =
        Arc::new(Refused { bots: with_token.len(), count: AtomicUsize::new(0), lifecycle: lifecycle.clone() });
    for (index, (token, booted)) in with_token.into_iter().enumerate() {
        let delay = STAGGER * u32::try_from(index.saturating_sub(AT_ONCE)).unwrap_or(u32::MAX);
        app.standings.set(&booted.persona.name, Standing::Starting);
        metrics::introduce(&booted.persona.name, &booted.voice);
        let bot = Bot { app: Arc::clone(app), booted, token, wire: wire.clone(), lifecycle: lifecycle.clone() };
        let refused = Arc::clone(&refused);
        lifecycle.spawn("persona", async move {
            if bot.run(delay).await == Ended::Refused {
                refused.one_more();
                // The others go on, and so does this task, whose end would stop the daemon.
                refused.lifecycle.stopping().cancelled().await;
            }
        });
    }
}

/// After the end: hands back what did not finish in time, and lets another daemon serve these personas at once. Takes a few
/// seconds at the longest: a database that doesn't answer must not keep the process.
pub async fn stand_down(app: &App) {
    if tokio::time::timeout(STANDING_DOWN, give_up(app)).await.is_err() {
        tracing::warn!("the personas could not be given up in time; whoever serves them next takes them up");
    }
}

async fn give_up(app: &App) {
    for live in app.roster.all() {
        match app.store.give_up(&live.lease, app.clock.now()).await {
            Ok(left) if left == Recovered::default() => {}
            Ok(left) => {
                tracing::info!(persona = %live.persona.name, ?left, "replies that did not finish are handed back");
            }
            Err(error) => {
                tracing::warn!(persona = %live.persona.name, %error, "a persona can't be given up; whoever serves it next takes it up");
            }
        }
    }
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
        let mut pump = Pump::new(Delivery::new(Arc::clone(&shared)), shared.limits.sends_at_once);
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
