//! Who sits in a room, and how they behave there.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;

use super::view::SeatView;
use super::{Answer, Desk, MOST_PERSONAS, no_such_room};
use crate::api::{ApiError, Caller};
use crate::chat::{ChatId, ChatKey, ChatKind, PersonaName, TransportKind};
use crate::console::settings;
use crate::settings::EffectiveSettings;
use crate::store::{AuditAction, SettingsChange};

/// A room's number and a persona's name, in a path.
type Seat = Result<Path<(i64, String)>, PathRejection>;

/// What may be set of a persona in a room.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    #[serde(default)]
    insanity: Option<bool>,
    #[serde(default)]
    context_length: Option<u8>,
}

pub(super) async fn sit(
    State(desk): State<Arc<Desk>>,
    Extension(caller): Extension<Caller>,
    seat: Seat,
) -> Answer<StatusCode> {
    let (room, persona) = desk.place(seat)?;
    let sitting = desk.room(room).await?.personas;
    if sitting.len() >= MOST_PERSONAS && !sitting.contains(&persona) {
        return Err(ApiError::invalid("name", format!("a room has {MOST_PERSONAS} seats")));
    }
    if !desk.app.store.sit_down(room, &persona).await? {
        return Err(no_such_room());
    }
    desk.moved(&caller, AuditAction::RoomJoined, room, &persona).await
}

pub(super) async fn leave(
    State(desk): State<Arc<Desk>>,
    Extension(caller): Extension<Caller>,
    seat: Seat,
) -> Answer<StatusCode> {
    // One whose manifest is gone can leave, too.
    let Path((room, name)) = seat.map_err(|_| no_such_room())?;
    let left = match PersonaName::parse(&name) {
        Some(persona) => desk.app.store.leave_room(ChatId(room), &persona).await?.then_some(persona),
        None => None,
    };
    let persona = left.ok_or_else(|| ApiError::not_found("it doesn't sit in that room"))?;
    desk.moved(&caller, AuditAction::RoomLeft, ChatId(room), &persona).await
}

pub(super) async fn set(
    State(desk): State<Arc<Desk>>,
    Extension(caller): Extension<Caller>,
    seat: Seat,
    change: Result<Json<Change>, JsonRejection>,
) -> Answer<Json<SeatView>> {
    let ((room, persona), Json(change)) = (desk.place(seat)?, change?);
    if !desk.room(room).await?.personas.contains(&persona) {
        return Err(ApiError::not_found("it doesn't sit in that room"));
    }
    let change =
        SettingsChange { insanity: change.insanity.map(Some), context_length: change.context_length.map(Some) };
    settings::change(&desk.app, &caller, &key(room, &persona), change).await?;
    Ok(Json(desk.seat(room, &persona).await?))
}

fn key(room: ChatId, persona: &PersonaName) -> ChatKey {
    ChatKey { persona: persona.clone(), transport: TransportKind::Web, chat: room }
}

impl Desk {
    fn place(&self, seat: Seat) -> Answer<(ChatId, PersonaName)> {
        let Path((room, name)) = seat.map_err(|_| no_such_room())?;
        Ok((ChatId(room), self.persona(&name)?))
    }

    async fn moved(
        &self,
        caller: &Caller,
        action: AuditAction,
        room: ChatId,
        persona: &PersonaName,
    ) -> Answer<StatusCode> {
        self.app.rooms.changed(room);
        self.note(caller, action, room, Some(persona)).await?;
        Ok(StatusCode::NO_CONTENT)
    }

    /// How a persona is set in a room. One whose manifest is gone has its name alone.
    pub(super) async fn seat(&self, room: ChatId, name: &PersonaName) -> Answer<SeatView> {
        let own = self.app.settings(&key(room, name)).await?;
        let Some(speaker) = self.app.speakers.get(name) else {
            return Ok(SeatView {
                name: name.clone(),
                display_name: name.to_string(),
                insanity: false,
                context_length: 0,
            });
        };
        let persona = &speaker.character().persona;
        let settings = EffectiveSettings::of(persona, ChatKind::Group, own.as_ref());
        Ok(SeatView {
            name: name.clone(),
            display_name: persona.display_name.clone(),
            insanity: settings.insanity,
            context_length: settings.context_length,
        })
    }
}
