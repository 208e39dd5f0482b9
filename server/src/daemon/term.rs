//! A persona's term at one transport: from taking its turn until it ends, or another daemon takes the persona.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::turn::Turn;
use crate::app::App;
use crate::live::LivePersona;
use crate::pump::Pump;
use crate::router::Router;

/// Routes a persona's updates, makes and sends its replies, as long as `until` lasts; returns what that says, or `None` where
/// another daemon has taken the persona.
pub(super) async fn serve<E>(
    app: &Arc<App>,
    live: &Arc<LivePersona>,
    stopping: &CancellationToken,
    until: impl Future<Output = E>,
) -> Option<E> {
    app.roster.add(live.seat(), Arc::clone(live));
    app.jobs.notify_one();
    app.replies.notify_one();
    let term = stopping.child_token();
    let mut router = Pump::new(Router::new(Arc::clone(app), Arc::clone(live)), app.limits.routed_at_once);
    let turn = Turn { app, persona: &live.name, transport: live.lease.transport };
    let lasting = async {
        let ended = tokio::select! {
            ended = until => Some(ended),
            () = live.fenced.notified() => None,
            () = turn.lost(&live.lease) => None,
        };
        term.cancel();
        ended
    };
    let (ended, ()) = tokio::join!(lasting, router.run(&live.inbox, &app.dice, &term));
    ended
}

/// Its jobs wait in the store for whoever serves it next.
pub(super) async fn step_down(app: &App, live: &LivePersona) {
    app.roster.remove(&live.seat());
    give_up(app, live).await;
}

/// Lets another daemon serve it.
pub(super) async fn give_up(app: &App, live: &LivePersona) {
    if let Err(error) = app.store.give_up(&live.lease, app.clock.now()).await {
        tracing::warn!(persona = %live.name, %error, "a persona can't be given up; whoever serves it next takes it up");
    }
}
