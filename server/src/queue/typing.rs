//! The sign that the persona is writing, shown for as long as it works.

use std::time::Duration;

use crate::chat::ChatRef;
use crate::transport::Transport;

/// Telegram shows the sign for about five seconds.
const REPEAT: Duration = Duration::from_millis(4500);

/// Shows the sign until `work` is done. The sign may fail or hang; the work doesn't wait for it.
pub(super) async fn while_typing<T>(transport: &dyn Transport, chat: ChatRef, work: impl Future<Output = T>) -> T {
    tokio::select! {
        // First, so that it is seen however quick the work is.
        biased;
        never = show(transport, chat) => match never {},
        done = work => done,
    }
}

async fn show(transport: &dyn Transport, chat: ChatRef) -> std::convert::Infallible {
    while transport.typing(chat).await.is_ok() {
        tokio::time::sleep(REPEAT).await;
    }
    std::future::pending().await
}
