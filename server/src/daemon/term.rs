//! A persona's term at one transport: from taking its turn until it ends, or another daemon takes the persona.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::turn::Turn;
use crate::app::App;
use crate::lifecycle::DRAIN;
use crate::live::LivePersona;
use crate::pump::Pump;
use crate::router::Router;
use crate::store::DaemonName;

/// How often whoever waits for the end of a persona's work looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// How a term ended.
pub(super) enum Over<E> {
    /// What was to be waited for says this.
    Ended(E),
    /// Another daemon has taken the persona.
    Taken,
    /// The daemon of this name should serve it from now on.
    Dismissed(DaemonName),
}

/// Routes a persona's updates, makes and sends its replies, as long as `until` lasts and no other daemon has the persona or should.
pub(super) async fn serve<E>(
    app: &Arc<App>,
    live: &Arc<LivePersona>,
    stopping: &CancellationToken,
    until: impl Future<Output = E>,
) -> Over<E> {
    app.roster.add(live.seat(), Arc::clone(live));
    app.jobs.notify_one();
    app.replies.notify_one();
    let (term, seat) = (stopping.child_token(), live.seat());
    let mut router = Pump::new(Router::new(Arc::clone(app), Arc::clone(live)), app.limits.routed_at_once);
    let turn = Turn { app, persona: &live.name, transport: live.lease.transport };
    let lasting = async {
        let ended = tokio::select! {
            ended = until => Over::Ended(ended),
            () = live.fenced.notified() => Over::Taken,
            () = turn.lost(&live.lease) => Over::Taken,
            name = app.spread.dismissed(&seat) => Over::Dismissed(name),
        };
        term.cancel();
        ended
    };
    let (ended, ()) = tokio::join!(lasting, router.run(&live.inbox, &app.dice, &term));
    ended
}

/// Ends it at once: its jobs wait in the store for whoever serves it next.
pub(super) async fn step_down(app: &App, live: &LivePersona) {
    app.roster.remove(&live.seat());
    app.spread.withdraw(&live.seat());
    give_up(app, live).await;
}

/// Lets the replies end that are in the making or on their way, begins no other, and lets another daemon serve it.
pub(super) async fn hand_over(app: &App, live: Arc<LivePersona>) {
    app.roster.remove(&live.seat());
    let deadline = Instant::now() + DRAIN;
    while Arc::strong_count(&live) > 1 && Instant::now() < deadline {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    step_down(app, &live).await;
}

/// Lets another daemon serve it.
async fn give_up(app: &App, live: &LivePersona) {
    if let Err(error) = app.store.give_up(&live.lease, app.clock.now()).await {
        tracing::warn!(persona = %live.name, %error, "a persona can't be given up; whoever serves it next takes it up");
    }
}
