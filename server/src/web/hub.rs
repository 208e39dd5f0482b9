//! Tells whoever looks at a room that something is new. What is new stands in the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{Receiver, Sender, channel};

use crate::chat::{ChatId, PersonaName};

/// News that somebody who is slow may miss before they are only told to look again.
const BEHIND: usize = 64;

/// What is new in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Something was said, or much has happened: read on.
    Said,
    /// A persona is writing.
    Typing(PersonaName),
    /// The room itself has changed, or is gone.
    Changed,
}

/// The rooms that somebody looks at.
#[derive(Clone, Default)]
pub(super) struct Hub(Arc<Mutex<HashMap<ChatId, Sender<News>>>>);

/// News of one room, as they come.
pub struct Heard(Receiver<News>);

impl Heard {
    /// The next ones.
    pub async fn next(&mut self) -> News {
        match self.0.recv().await {
            Ok(news) => news,
            Err(RecvError::Lagged(_)) => News::Said,
            // The hub outlives whoever listens, but for the end of the daemon.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}

impl Hub {
    pub(super) fn listen(&self, room: ChatId) -> Heard {
        let mut rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rooms.retain(|_, sender| sender.receiver_count() > 0);
        Heard(rooms.entry(room).or_insert_with(|| channel(BEHIND).0).subscribe())
    }

    pub(super) fn tell(&self, room: ChatId, news: News) {
        let rooms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = rooms.get(&room) {
            // Nobody may be listening any more.
            let _ = sender.send(news);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_room_has_its_own_news_and_who_is_slow_reads_on() {
        let hub = Hub::default();
        let (mut one, mut other) = (hub.listen(ChatId(1)), hub.listen(ChatId(2)));
        let writing = News::Typing(PersonaName::parse("avtobus").unwrap());
        hub.tell(ChatId(1), writing.clone());
        assert_eq!(one.next().await, writing);
        hub.tell(ChatId(2), News::Changed);
        assert_eq!(other.next().await, News::Changed, "and nothing of room 1");
        for _ in 0..=BEHIND {
            hub.tell(ChatId(1), News::Changed);
        }
        assert_eq!(one.next().await, News::Said);
        drop((one, other));
        hub.tell(ChatId(1), News::Said);
        let _third = hub.listen(ChatId(3));
        assert_eq!(hub.0.lock().unwrap().len(), 1, "rooms that nobody looks at are forgotten");
    }
}
