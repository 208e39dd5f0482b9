//! Rooms, as pages see them: made, entered, written in, watched and closed. What becomes of what is said there is [`crate::web`]'s.

mod events;
mod seats;
mod view;

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::{get, post, put};
use axum::{Extension, Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use self::view::{MessageView, RoomLine, RoomView};
use crate::api::{ApiError, Caller};
use crate::app::App;
use crate::chat::{ChatId, MessageId, PersonaName, TransportKind};
use crate::store::{AuditAction, Forget, NewAuditEntry, Room, Said, Subject};
use crate::telegram::update::trace;
use crate::web;

/// Rooms there may be.
const MOST_ROOMS: usize = 100;
/// Personas in one.
const MOST_PERSONAS: usize = 8;
/// Characters of a title, of a name and of a message.
const LONGEST_TITLE: usize = 100;
const LONGEST_NAME: usize = 40;
const LONGEST_TEXT: usize = 4000;
/// Messages that are shown of a room.
const SHOWN: u32 = 200;
/// Pages that may watch a room at once, over all rooms.
const WATCHERS: usize = 200;

/// What the handlers of rooms share.
pub(super) struct Desk {
    app: Arc<App>,
    watchers: Arc<Semaphore>,
    stopping: CancellationToken,
}

type Answer<T> = Result<T, ApiError>;
/// A room's number in a path.
type Id = Result<Path<i64>, PathRejection>;

/// The routes, for whoever may use rooms.
pub(super) fn routes(app: &Arc<App>, stopping: &CancellationToken) -> Router {
    let watchers = Arc::new(Semaphore::new(WATCHERS));
    let desk = Desk { app: Arc::clone(app), watchers, stopping: stopping.clone() };
    Router::new()
        .route("/console/rooms", get(rooms).post(open))
        .route("/console/rooms/{id}", get(room).delete(close))
        .route("/console/rooms/{id}/messages", post(say))
        .route("/console/rooms/{id}/events", get(events::events))
        .route("/console/rooms/{id}/personas/{name}", put(seats::sit).delete(seats::leave).patch(seats::set))
        .with_state(Arc::new(desk))
}

async fn rooms(State(desk): State<Arc<Desk>>) -> Answer<Json<Value>> {
    let rooms: Vec<RoomLine> = desk.app.store.rooms(None).await?.iter().map(RoomLine::of).collect();
    Ok(Json(json!({ "rooms": rooms })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRoom {
    title: String,
    personas: Vec<String>,
}

async fn open(
    State(desk): State<Arc<Desk>>,
    Extension(caller): Extension<Caller>,
    new: Result<Json<NewRoom>, JsonRejection>,
) -> Answer<(StatusCode, Json<RoomView>)> {
    let Json(new) = new?;
    let title = bounded("title", &new.title, LONGEST_TITLE)?;
    if !(1..=MOST_PERSONAS).contains(&new.personas.len()) {
        return Err(ApiError::invalid("personas", format!("choose 1 to {MOST_PERSONAS} personas")));
    }
    let personas = new.personas.iter().map(|name| desk.persona(name)).collect::<Answer<Vec<_>>>()?;
    if desk.app.store.rooms(None).await?.len() >= MOST_ROOMS {
        return Err(ApiError::invalid("title", format!("there are {MOST_ROOMS} rooms already: delete one first")));
    }
    let id = desk.app.store.open_room(title, &personas, desk.app.clock.now()).await?;
    desk.note(&caller, AuditAction::RoomCreated, id, None).await?;
    Ok((StatusCode::CREATED, Json(desk.view(id).await?)))
}

async fn room(State(desk): State<Arc<Desk>>, id: Id) -> Answer<Json<RoomView>> {
    Ok(Json(desk.view(number(id)?).await?))
}

async fn close(State(desk): State<Arc<Desk>>, Extension(caller): Extension<Caller>, id: Id) -> Answer<StatusCode> {
    let room = number(id)?;
    if !desk.app.store.close_room(room).await? {
        return Err(no_such_room());
    }
    desk.app.rooms.changed(room);
    let forget = Forget { subject: Subject::Chat(room), persona: None, transport: Some(TransportKind::Web) };
    desk.app.store.forget(&forget, &trace, desk.app.clock.now()).await?;
    desk.app.forget_all_settings();
    desk.note(&caller, AuditAction::RoomDeleted, room, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewMessage {
    author: String,
    text: String,
    #[serde(default)]
    reply_to: Option<i64>,
}

async fn say(
    State(desk): State<Arc<Desk>>,
    id: Id,
    headers: HeaderMap,
    new: Result<Json<NewMessage>, JsonRejection>,
) -> Answer<(StatusCode, Json<MessageView>)> {
    let (room, Json(new)) = (number(id)?, new?);
    let now = desk.app.clock.now();
    let author = bounded("author", &new.author, LONGEST_NAME)?;
    let said = Said {
        room,
        persona: None,
        author_id: web::user_id(author),
        author_name: author.to_owned(),
        text: bounded("text", &new.text, LONGEST_TEXT)?.to_owned(),
        reply_to: new.reply_to.map(MessageId),
        sent_at: now,
    };
    let message = desk.app.rooms.say(&said, language(&headers), now).await?.ok_or_else(no_such_room)?;
    Ok((StatusCode::CREATED, Json(MessageView::of(&message))))
}

impl Desk {
    async fn room(&self, id: ChatId) -> Answer<Room> {
        self.app.store.rooms(Some(id)).await?.pop().ok_or_else(no_such_room)
    }

    async fn view(&self, id: ChatId) -> Answer<RoomView> {
        let room = self.room(id).await?;
        let messages = self.app.store.room_messages(id, MessageId(0), SHOWN).await?;
        let mut seats = Vec::new();
        for name in &room.personas {
            seats.push(self.seat(id, name).await?);
        }
        Ok(RoomView {
            id: id.0,
            title: room.title,
            personas: seats,
            messages: messages.iter().map(MessageView::of).collect(),
        })
    }

    /// A persona that this daemon has.
    fn persona(&self, name: &str) -> Answer<PersonaName> {
        let known = PersonaName::parse(name).filter(|name| self.app.speakers.get(name).is_some());
        known.ok_or_else(|| ApiError::not_found("there is no such persona"))
    }

    async fn note(
        &self,
        caller: &Caller,
        action: AuditAction,
        room: ChatId,
        persona: Option<&PersonaName>,
    ) -> Answer<()> {
        let entry = NewAuditEntry::new(self.app.clock.now(), caller.who(), action);
        let (persona, chat) = (persona.cloned(), Some((TransportKind::Web, room)));
        Ok(self.app.store.note(&NewAuditEntry { persona, chat, ..entry }).await?)
    }
}

fn number(id: Id) -> Answer<ChatId> {
    id.map(|Path(id)| ChatId(id)).map_err(|_| no_such_room())
}

fn no_such_room() -> ApiError {
    ApiError::not_found("there is no such room")
}

/// A text without blanks around it, neither empty nor too long.
fn bounded<'a>(field: &'static str, text: &'a str, longest: usize) -> Answer<&'a str> {
    let text = text.trim();
    if (1..=longest).contains(&text.chars().count()) {
        Ok(text)
    } else {
        Err(ApiError::invalid(field, format!("write 1 to {longest} characters")))
    }
}

/// The language that a browser asks for first.
fn language(headers: &HeaderMap) -> Option<&str> {
    let asked = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    asked.split([',', ';']).next().map(str::trim)
}
