//! A request under way, in the hands of whoever asked.

use tokio::sync::mpsc;

use crate::generation::Event;
use crate::worker::Cancelled;

/// The events of one request. Dropping it cancels the request and frees its place before the next step.
pub struct Generation {
    receiver: mpsc::Receiver<Event>,
    cancel: CancelHandle,
}

impl Generation {
    pub(super) fn new(receiver: mpsc::Receiver<Event>, cancelled: Cancelled) -> Self {
        Self { receiver, cancel: CancelHandle(cancelled) }
    }

    /// The next event; `None` after the last one, or where the engine died.
    pub async fn next(&mut self) -> Option<Event> {
        self.receiver.recv().await
    }

    /// As [`Generation::next`], for a thread that may block.
    ///
    /// # Panics
    /// When called within an asynchronous task.
    pub fn blocking_next(&mut self) -> Option<Event> {
        self.receiver.blocking_recv()
    }

    /// A handle that cancels this request from elsewhere.
    #[must_use]
    pub fn cancel_handle(&self) -> CancelHandle {
        self.cancel.clone()
    }
}

/// Cancels one request; its last event is then `Finished` with `StopReason::Cancelled` and what was generated so far.
#[derive(Clone)]
pub struct CancelHandle(Cancelled);

impl CancelHandle {
    /// Cancels. A request that has ended stays as it is.
    pub fn cancel(&self) {
        self.0.set();
    }
}
