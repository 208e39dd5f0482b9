//! Locks between daemons. They belong to a living process, and are gone with it; epochs do the rest (`leases.rs`).

use super::error::Result;

/// The locks that this store holds, each under a name.
pub(super) trait Locks: Send + Sync + 'static {
    /// Takes a lock; `false` when somebody has it, were it this store itself.
    fn try_lock(&self, name: &str) -> impl Future<Output = Result<bool>> + Send;

    /// Whether a lock that was taken is still held. Asks whoever keeps the locks.
    fn holds(&self, name: &str) -> impl Future<Output = Result<bool>> + Send;

    /// Gives a lock back, as far as it can be.
    fn unlock(&self, name: &str) -> impl Future<Output = ()> + Send;

    /// Gives all back.
    fn close(&self) -> impl Future<Output = ()> + Send;
}
