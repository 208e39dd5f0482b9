//! One persona's access to the rooms.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Rooms, update};
use crate::chat::{ChatId, ChatRef, MessageId, UserId};
use crate::clock::Clock;
use crate::incoming::{Incoming, ParseError};
use crate::live::Speaker;
use crate::store::Said;
use crate::transport::{Outgoing, Transport, TransportError};
use crate::web;

/// One persona in all rooms.
pub struct WebTransport {
    rooms: Rooms,
    speaker: Arc<Speaker>,
    clock: Arc<dyn Clock>,
}

impl WebTransport {
    /// Its way into these rooms.
    pub fn new(rooms: Rooms, speaker: Arc<Speaker>, clock: Arc<dyn Clock>) -> Self {
        Self { rooms, speaker, clock }
    }
}

#[async_trait]
impl Transport for WebTransport {
    fn read(&self, raw: &str) -> Result<Incoming, ParseError> {
        update::parse(raw)
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Option<MessageId>, TransportError> {
        let now = self.clock.now();
        let persona = self.speaker.name.clone();
        let said = Said {
            room: outgoing.chat.id,
            author_id: web::me(&persona).id,
            author_name: self.speaker.character().persona.display_name.clone(),
            persona: Some(persona),
            text: outgoing.text.clone(),
            reply_to: outgoing.reply_to,
            sent_at: now,
        };
        match self.rooms.say(&said, None, now).await {
            Ok(Some(message)) => Ok(Some(message.id)),
            Ok(None) => Err(TransportError::Forbidden("the persona doesn't sit in that room any more".to_owned())),
            Err(error) if error.is_transient() => Err(TransportError::Unreachable(error.to_string())),
            Err(error) => Err(TransportError::Rejected(error.to_string())),
        }
    }

    async fn typing(&self, chat: ChatRef) -> Result<(), TransportError> {
        self.rooms.typing(chat.id, &self.speaker.name);
        Ok(())
    }

    /// Whoever may write in a room may do anything there.
    async fn is_admin(&self, _chat: ChatId, _user: UserId) -> Result<bool, TransportError> {
        Ok(true)
    }

    async fn hears_groups(&self) -> Result<bool, TransportError> {
        Ok(true)
    }

    async fn rights_changed(&self, _chat: ChatId, _user: UserId) {}

    async fn leave(&self, chat: ChatId) -> Result<(), TransportError> {
        let left = self.rooms.store.leave_room(chat, &self.speaker.name).await;
        left.map(drop).map_err(|error| TransportError::Unreachable(error.to_string()))
    }
}
