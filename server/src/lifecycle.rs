//! From the first signal to the exit status: one token that everything watches, one tracker that everything is in.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long running replies may take to finish once a stop was asked for.
pub const DRAIN: Duration = Duration::from_secs(20);

/// Starts tasks and stops them.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    stopping: CancellationToken,
    tasks: TaskTracker,
    failed: Arc<AtomicBool>,
}

/// How the daemon ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything finished in time.
    Cleanly,
    /// A task failed, or work was still under way when the time was over.
    Badly,
}

impl Lifecycle {
    /// The token that is cancelled when the daemon stops.
    pub fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// Starts a long-running task. If it ends before a stop was asked for, or panics, the daemon stops and ends badly.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let this = self.clone();
        self.tasks.spawn(async move {
            let finished = tokio::spawn(task).await;
            if let Err(error) = &finished {
                tracing::error!(task = name, %error, "a task died");
            }
            if finished.is_err() || !this.stopping.is_cancelled() {
                this.fail();
            }
        });
    }

    /// Starts a task that may end before the daemon does. If it panics, the daemon stops and ends badly.
    pub fn spawn_shorter(
        &self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> tokio::task::JoinHandle<()> {
        let this = self.clone();
        self.tasks.spawn(async move {
            if let Err(error) = tokio::spawn(task).await {
                tracing::error!(task = name, %error, "a task died");
                this.fail();
            }
        })
    }

    /// Stops the daemon, which then ends badly.
    pub fn fail(&self) {
        self.failed.store(true, Ordering::SeqCst);
        self.stopping.cancel();
    }

    /// Waits for SIGTERM or SIGINT or a failure, then for the tasks, at most [`DRAIN`]. A second signal ends at once.
    pub async fn run(self) -> Ended {
        self.run_within(DRAIN).await
    }

    async fn run_within(self, drain: Duration) -> Ended {
        let mut signals = Signals::listen();
        tokio::select! {
            () = signals.next() => tracing::info!("stopping: finishing the replies under way"),
            () = self.stopping.cancelled() => {}
        }
        self.stopping.cancel();
        self.tasks.close();
        tokio::select! {
            () = self.tasks.wait() => {}
            () = tokio::time::sleep(drain) => {
                tracing::warn!("some work did not finish in time; it is taken up at the next start");
                self.failed.store(true, Ordering::SeqCst);
            }
            () = signals.next() => {
                tracing::warn!("a second signal: stopping at once");
                self.failed.store(true, Ordering::SeqCst);
            }
        }
        if self.failed.load(Ordering::SeqCst) { Ended::Badly } else { Ended::Cleanly }
    }
}

/// Listens to both signals from the start, so that none is missed between the first and the second.
struct Signals(Option<[Signal; 2]>);

impl Signals {
    fn listen() -> Self {
        let both = signal(SignalKind::terminate()).and_then(|one| Ok([one, signal(SignalKind::interrupt())?]));
        if let Err(error) = &both {
            tracing::error!(%error, "signals can't be listened to; only kill -9 will stop this process");
        }
        Self(both.ok())
    }

    async fn next(&mut self) {
        let Some([terminate, interrupt]) = &mut self.0 else { return std::future::pending().await };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn until_stopped(stopping: CancellationToken) {
        stopping.cancelled().await;
    }

    #[tokio::test]
    async fn tasks_that_end_when_asked_end_it_cleanly() {
        let lifecycle = Lifecycle::default();
        lifecycle.spawn("a", until_stopped(lifecycle.stopping().clone()));
        lifecycle.stopping().cancel();
        assert_eq!(lifecycle.run().await, Ended::Cleanly);
    }

    #[tokio::test]
    async fn a_panicking_task_stops_the_others_and_ends_it_badly() {
        let lifecycle = Lifecycle::default();
        let stopping = lifecycle.stopping().clone();
        lifecycle.spawn("a", until_stopped(stopping.clone()));
        lifecycle.spawn("b", async { panic!("a task that dies") });
        let started = tokio::time::Instant::now();
        assert_eq!(lifecycle.run().await, Ended::Badly);
        assert!(stopping.is_cancelled() && started.elapsed() < DRAIN, "nobody waits for the dead");
    }

    #[tokio::test]
    async fn a_task_that_ends_unasked_ends_it_badly() {
        let lifecycle = Lifecycle::default();
        lifecycle.spawn("a", async {});
        assert_eq!(lifecycle.run().await, Ended::Badly);
    }

    #[tokio::test]
    async fn a_task_that_does_not_end_is_left_behind() {
        let lifecycle = Lifecycle::default();
        lifecycle.spawn("a", std::future::pending());
        lifecycle.stopping().cancel();
        assert_eq!(lifecycle.run_within(Duration::from_millis(20)).await, Ended::Badly);
    }
}
