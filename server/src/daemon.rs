//! Brings everything up in order and keeps it up: personas, routers, queue, delivery, housekeeping.

mod bot;
mod fleet;
mod rooms;
mod term;
mod turn;
mod updates;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub use self::fleet::{Changes, Fleet};
use crate::app::App;
use crate::delivery::Delivery;
use crate::housekeeping;
use crate::lifecycle::Lifecycle;
use crate::live::Character;
use crate::load;
use crate::pump::{Pump, Work};
use crate::queue::Queue;
use crate::store::{Recovered, Retention};
use crate::telegram::webhook::WebhookWire;

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

/// Starts all tasks; [`Lifecycle::run`] waits for their end, and [`stand_down`] follows it.
pub async fn start(
    app: &Arc<App>,
    personas: Vec<Character>,
    wire: &Wire,
    retention: Retention,
    lifecycle: &Lifecycle,
) -> Arc<Fleet> {
    reply(app, lifecycle);
    lifecycle.spawn("housekeeping", housekeeping::run(Arc::clone(app), retention, lifecycle.stopping().clone()));
    lifecycle.spawn("load", load::run(Arc::clone(app), lifecycle.stopping().clone()));
    let fleet = Fleet::new(Arc::clone(app), wire.clone(), lifecycle.clone());
    fleet.reload(personas).await;
    fleet
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
                tracing::info!(persona = %live.name, ?left, "replies that did not finish are handed back");
            }
            Err(error) => {
                tracing::warn!(persona = %live.name, %error, "a persona can't be given up; whoever serves it next takes it up");
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
