//! Waiting for bots to act, without polling: every change of the world wakes whoever waits.

use std::time::Duration;

use super::{Bot, Sent, Testbed};
use crate::{error::WaitTimeout, ids::MessageRef};

impl Testbed {
    /// Waits until `probe` finds something. It is asked at once and after every change.
    ///
    /// # Errors
    /// When `timeout` passes first.
    pub async fn wait_for<T>(
        &self,
        timeout: Duration,
        mut probe: impl FnMut(&Self) -> Option<T>,
    ) -> Result<T, WaitTimeout> {
        let mut bell = self.shared.bell();
        let deadline = tokio::time::Instant::now() + timeout;
        loop {
            bell.borrow_and_update();
            if let Some(found) = probe(self) {
                return Ok(found);
            }
            tokio::time::timeout_at(deadline, bell.changed()).await.map_err(|_| WaitTimeout(timeout))?.ok();
        }
    }

    /// Waits until something holds.
    ///
    /// # Errors
    /// When `timeout` passes first.
    pub async fn wait_until(&self, timeout: Duration, mut holds: impl FnMut(&Self) -> bool) -> Result<(), WaitTimeout> {
        self.wait_for(timeout, |testbed| holds(testbed).then_some(())).await
    }

    /// Waits until a bot has sent at least `count` messages, and gives all it sent.
    ///
    /// # Errors
    /// When `timeout` passes first.
    pub async fn wait_sent(&self, bot: &Bot, count: usize, timeout: Duration) -> Result<Vec<Sent>, WaitTimeout> {
        self.wait_until(timeout, |testbed| testbed.sent_count(bot) >= count).await?;
        Ok(self.sent_by(bot))
    }

    /// Waits for the first answer to a message, whichever bot it is by.
    ///
    /// # Errors
    /// When `timeout` passes first.
    pub async fn wait_answer(&self, message: MessageRef, timeout: Duration) -> Result<Sent, WaitTimeout> {
        self.wait_for(timeout, |testbed| testbed.answers_to(message).into_iter().next()).await
    }

    /// Waits until a bot has confirmed every update.
    ///
    /// # Errors
    /// When `timeout` passes first.
    pub async fn wait_confirmed(&self, bot: &Bot, timeout: Duration) -> Result<(), WaitTimeout> {
        self.wait_until(timeout, |_| bot.pending_updates() == 0).await
    }
}
