//! From the first signal to the exit status: one token that everything watches, one tracker that everything is in.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
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

    /// Stops the daemon, which then ends badly.
    pub fn fail(&self) {
        self.failed.store(true, Ordering::SeqCst);
        self.stopping.cancel();
    }

    /// Waits for SIGTERM or SIGINT or a failure, then for the tasks, at most [`DRAIN`]. A second signal ends at once.
    pub async fn run(self) -> Ended {
        tokio::select! {
            () = signalled() => tracing::info!("stopping: finishing the replies under way"),
            () = self.stopping.cancelled() => {}
        }
        self.stopping.cancel();
        self.tasks.close();
        tokio::select! {
            () = self.tasks.wait() => {}
            () = tokio::time::sleep(DRAIN) => {
                tracing::warn!("some work did not finish in time; it is taken up at the next start");
                self.failed.store(true, Ordering::SeqCst);
            }
            () = signalled() => {
                tracing::warn!("a second signal: stopping at once");
                self.failed.store(true, Ordering::SeqCst);
            }
        }
        if self.failed.load(Ordering::SeqCst) { Ended::Badly } else { Ended::Cleanly }
    }
}

async fn signalled() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals can't be listened to; only kill -9 will stop this process");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
