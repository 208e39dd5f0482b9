//! Asks the store how it is, at most once a second and only when somebody wants to know, and never twice at once: a
//! database that hangs must not use up the connections through which it might recover.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::store::{self, Backlog, Store};

/// How long an answer is believed.
const FRESH: Duration = Duration::from_secs(1);
/// How long a question may be under way before the database counts as silent.
const SILENT: Duration = Duration::from_secs(2);

/// What the store answered.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// It is there.
    There(Backlog),
    /// It has been away for so long.
    Away(Duration, String),
}

/// Asks the store on behalf of all who want to know.
pub(super) struct Watch {
    wanted: Notify,
    known: watch::Sender<Known>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    asked_at: Option<Instant>,
    answer: Option<(Instant, Result<Backlog, String>)>,
    away_since: Option<Instant>,
}

impl Known {
    fn is_fresh(&self) -> bool {
        self.answer.as_ref().is_some_and(|(at, _)| at.elapsed() < FRESH)
    }

    fn answer(&self) -> Option<Answer> {
        let (at, answer) = self.answer.as_ref()?;
        Some(match answer {
            Ok(backlog) => Answer::There(*backlog),
            Err(error) => Answer::Away(self.away_since.unwrap_or(*at).elapsed(), error.clone()),
        })
    }
}

impl Watch {
    pub(super) fn new() -> Self {
        Self { wanted: Notify::new(), known: watch::Sender::default() }
    }

    /// Answers questions until the daemon stops.
    pub(super) async fn run(&self, store: Arc<dyn Store>, stopping: CancellationToken) {
        let asking = async {
            loop {
                self.wanted.notified().await;
                self.ask(&*store).await;
            }
        };
        // A database that hangs must not hold up the end either.
        stopping.run_until_cancelled(asking).await;
    }

    async fn ask(&self, store: &dyn Store) {
        let asked_at = Instant::now();
        self.known.send_modify(|known| known.asked_at = Some(asked_at));
        let answer = question(store).await.map_err(|error| error.to_string());
        self.known.send_modify(|known| {
            known.away_since = answer.is_err().then(|| known.away_since.unwrap_or(asked_at));
            known.answer = Some((Instant::now(), answer));
            known.asked_at = None;
        });
        tokio::time::sleep(FRESH).await;
    }

    /// How the store is: as it said within the last second, or as it says now. One that says nothing is away.
    pub(super) async fn answer(&self) -> Answer {
        let mut known = self.known.subscribe();
        if !known.borrow().is_fresh() {
            self.wanted.notify_one();
        }
        let answered = async { known.wait_for(Known::is_fresh).await.ok()?.answer() };
        if let Ok(Some(answer)) = tokio::time::timeout(SILENT, answered).await {
            return answer;
        }
        let known = self.known.borrow();
        let since = known.away_since.or(known.asked_at).map_or(SILENT, |since| since.elapsed());
        Answer::Away(since, "it doesn't answer".to_owned())
    }
}

async fn question(store: &dyn Store) -> store::Result<Backlog> {
    store.ping().await?;
    store.backlog().await
}
