//! Rooms of the daemon's own page.

use std::time::Instant;

use async_trait::async_trait;
use time::OffsetDateTime;
use tokio::time::timeout;

use super::{DEADLINE, SqlStore, in_time};
use crate::chat::{ChatId, MessageId, PersonaName};
use crate::store::dialect::{Dialect, Session};
use crate::store::timing::counted;
use crate::store::{Announce, Result, Room, RoomMessage, RoomStore, Said, rooms};

#[async_trait]
impl<D: Dialect> RoomStore for SqlStore<D> {
    async fn open_room(&self, title: &str, personas: &[PersonaName], now: OffsetDateTime) -> Result<ChatId> {
        write!(self, rooms::open(title, personas, now))
    }

    async fn close_room(&self, room: ChatId) -> Result<bool> {
        write!(self, rooms::close(room))
    }

    async fn sit_down(&self, room: ChatId, persona: &PersonaName) -> Result<bool> {
        write!(self, rooms::sit(room, persona))
    }

    async fn leave_room(&self, room: ChatId, persona: &PersonaName) -> Result<bool> {
        write!(self, rooms::leave(room, persona))
    }

    async fn rooms(&self, only: Option<ChatId>) -> Result<Vec<Room>> {
        read!(self, rooms::rooms(only))
    }

    async fn room_messages(&self, room: ChatId, after: MessageId, limit: u32) -> Result<Vec<RoomMessage>> {
        read!(self, rooms::messages(room, after, limit))
    }

    async fn say(&self, said: &Said, announce: &Announce, now: OffsetDateTime) -> Result<Option<RoomMessage>> {
        write!(self, rooms::say(said, announce, now))
    }
}
