//! The world behind a lock, with a bell that rings after every change.
//! Handles, the server and webhook deliveries all meet here.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::world::World;

/// What all parts of one emulator share.
#[derive(Debug)]
pub(crate) struct Shared {
    world: Mutex<World>,
    bell: watch::Sender<u64>,
    /// Cancelled when the emulator stops.
    pub(crate) stop: CancellationToken,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self { world: Mutex::default(), bell: watch::Sender::new(0), stop: CancellationToken::new() }
    }

    /// Looks, and may change; whoever waits looks again.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let result = change(&mut self.lock());
        self.bell.send_modify(|rings| *rings += 1);
        result
    }

    /// Looks without waking anybody.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.lock())
    }

    /// Hears of every change from now on.
    pub(crate) fn bell(&self) -> watch::Receiver<u64> {
        self.bell.subscribe()
    }

    // A test that panics inside a closure has failed already; the others may still read the world.
    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
