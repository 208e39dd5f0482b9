//! The chats there are: found, set, read where that is allowed, and forgotten. Every change is noted before it is made.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::routing::{get, patch};
use axum::{Extension, Json, Router};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::settings;
use crate::api::{ApiError, Caller};
use crate::app::App;
use crate::chat::{ChatId, ChatKey, ChatKind, Language, PersonaName, TransportKind};
use crate::store::{
    AuditAction, Author, ChatCursor, ChatQuery, Forget, ListedChat, NewAuditEntry, SettingsChange, Subject,
};
use crate::telegram::update::trace;

/// Chats of a page at most.
const MOST: u32 = 200;
/// Messages that are shown of a chat.
const SHOWN: u32 = 50;
/// Characters that are searched for at most.
const LONGEST_SEARCH: usize = 100;

struct Desk {
    app: Arc<App>,
    texts: bool,
}

type Answer = Result<Json<Value>, ApiError>;
/// A chat, in a path.
type Place = Result<Path<(String, String, i64)>, PathRejection>;

/// The routes.
pub(super) fn routes(app: &Arc<App>, texts: bool) -> Router {
    Router::new()
        .route("/console/chats", get(chats))
        .route("/console/chats/{persona}/{transport}/{chat}", patch(set).delete(forget))
        .route("/console/chats/{persona}/{transport}/{chat}/messages", get(messages))
        .with_state(Arc::new(Desk { app: Arc::clone(app), texts }))
}

#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    persona: String,
    #[serde(default)]
    search: String,
    /// Where the page before it ended, as it said.
    #[serde(default)]
    before: String,
    limit: Option<u32>,
}

async fn chats(State(desk): State<Arc<Desk>>, search: Result<Query<Search>, QueryRejection>) -> Answer {
    let Query(search) = search?;
    let limit = search.limit.unwrap_or(50).clamp(1, MOST);
    let text: String = search.search.trim().chars().take(LONGEST_SEARCH).collect();
    let query = ChatQuery {
        persona: whose(&search.persona)?,
        search: Some(text).filter(|text| !text.is_empty()),
        before: cursor(&search.before)?,
        limit: limit + 1,
    };
    let mut found = desk.app.store.chats(&query).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more).map(|chat| cursor_text(chat.cursor));
    let chats: Vec<Value> = found.iter().map(|chat| desk.view(chat)).collect();
    Ok(Json(json!({ "chats": chats, "more": more, "next": next })))
}

/// A persona's name; nothing for all of them.
fn whose(text: &str) -> Result<Option<PersonaName>, ApiError> {
    let name = PersonaName::parse(text);
    let is_name = name.is_some() || text.is_empty();
    is_name.then_some(name).ok_or_else(|| ApiError::invalid("persona", "no persona can have that name"))
}

/// `TIME-NUMBER`, in milliseconds; nothing for the first page.
fn cursor(text: &str) -> Result<Option<ChatCursor>, ApiError> {
    if text.is_empty() {
        return Ok(None);
    }
    let parse = || {
        let (time, seq) = text.split_once('-')?;
        let nanos = time.parse::<i64>().ok()?.checked_mul(1_000_000)?;
        let last_at = OffsetDateTime::from_unix_timestamp_nanos(nanos.into()).ok()?;
        Some(ChatCursor { last_at, seq: seq.parse().ok()? })
    };
    parse().map(Some).ok_or_else(|| ApiError::invalid("before", "send what the page before said as `next`"))
}

fn cursor_text(cursor: ChatCursor) -> String {
    format!("{}-{}", cursor.last_at.unix_timestamp_nanos() / 1_000_000, cursor.seq)
}

/// What may be set; a null leaves it to the manifest.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(default, deserialize_with = "given")]
    insanity: Option<Option<bool>>,
    #[serde(default, deserialize_with = "given")]
    context_length: Option<Option<u8>>,
}

/// Tells a null from nothing.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

async fn set(
    State(desk): State<Arc<Desk>>,
    Extension(caller): Extension<Caller>,
    place: Place,
    change: Result<Json<Change>, JsonRejection>,
) -> Answer {
    let (key, Json(change)) = (key(place)?, change?);
    let listed = desk.chat(&key).await?;
    if change.insanity == Some(Some(true)) && listed.chat.kind != ChatKind::Group {
        return Err(ApiError::invalid("insanity", "insanity is for groups; in private everything is answered"));
    }
    let change = SettingsChange { insanity: change.insanity, context_length: change.context_length };
    settings::change(&desk.app, &caller, &key, change).await?;
    Ok(Json(desk.view(&desk.chat(&key).await?)))
}

async fn forget(State(desk): State<Arc<Desk>>, Extension(caller): Extension<Caller>, place: Place) -> Answer {
    let key = key(place)?;
    // What is noted at the moment of forgetting keeps the chat's number; what was noted before loses it.
    let now = desk.app.clock.now();
    desk.note(now, &caller, AuditAction::Forget, &key).await?;
    let forget =
        Forget { subject: Subject::Chat(key.chat), persona: Some(key.persona.clone()), transport: Some(key.transport) };
    let forgotten = desk.app.store.forget(&forget, &trace, now).await?;
    desk.app.forget_settings(&key).await;
    Ok(Json(json!({ "messages": forgotten.messages, "jobs": forgotten.jobs, "updates": forgotten.updates })))
}

async fn messages(State(desk): State<Arc<Desk>>, Extension(caller): Extension<Caller>, place: Place) -> Answer {
    let key = key(place)?;
    if !desk.texts {
        return Err(ApiError::forbidden("what is said in chats isn't shown: http.console_texts says so"));
    }
    desk.note(desk.app.clock.now(), &caller, AuditAction::ReadTexts, &key).await?;
    let said = desk.app.store.said_in(&key, SHOWN).await?;
    let messages: Vec<Value> = said
        .iter()
        .map(|message| {
            let author = match &message.author {
                Author::Persona => key.persona.as_str(),
                Author::Other { name, .. } => name,
            };
            json!({ "author": author, "text": message.text, "sent_at": message.sent_at.format(&Rfc3339).ok() })
        })
        .collect();
    Ok(Json(json!({ "messages": messages })))
}

fn key(place: Place) -> Result<ChatKey, ApiError> {
    let Path((persona, transport, chat)) = place.map_err(|_| no_such_chat())?;
    let persona = PersonaName::parse(&persona).ok_or_else(no_such_chat)?;
    let transport = TransportKind::parse(&transport).ok_or_else(no_such_chat)?;
    Ok(ChatKey { persona, transport, chat: ChatId(chat) })
}

fn no_such_chat() -> ApiError {
    ApiError::not_found("there is no such chat")
}

impl Desk {
    async fn chat(&self, key: &ChatKey) -> Result<ListedChat, ApiError> {
        self.app.store.chat(key).await?.ok_or_else(no_such_chat)
    }

    async fn note(
        &self,
        at: OffsetDateTime,
        caller: &Caller,
        action: AuditAction,
        key: &ChatKey,
    ) -> Result<(), ApiError> {
        let entry = NewAuditEntry::new(at, caller.who(), action).of_chat(key);
        Ok(self.app.store.note(&entry).await?)
    }

    fn view(&self, listed: &ListedChat) -> Value {
        let (chat, own) = (&listed.chat, listed.settings.clone().unwrap_or_default());
        let speaker = self.app.speakers.get(&chat.key.persona);
        let defaults = speaker.map(|speaker| {
            let defaults = speaker.character().persona.chat_defaults.clone();
            json!({
                "insanity": defaults.insanity, "context_length": defaults.context_length, "chance": defaults.chance,
                "language": defaults.language.map(Language::as_str),
            })
        });
        json!({
            "persona": chat.key.persona, "transport": chat.key.transport.as_str(), "chat": chat.key.chat.0,
            "title": chat.title, "kind": chat.kind, "last_at": chat.last_at.format(&Rfc3339).ok(),
            "active": listed.settings.as_ref().is_none_or(|own| own.active),
            "settings": {
                "insanity": own.insanity, "context_length": own.context_length, "chance": own.chance,
                "language": own.language.map(Language::as_str),
            },
            "defaults": defaults,
        })
    }
}
