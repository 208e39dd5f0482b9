//! What happens in a room, as server-sent events. What is told stands in the store, so whoever comes back misses nothing.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{StreamExt, stream};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::OwnedSemaphorePermit;

use super::view::MessageView;
use super::{Answer, Desk, Id, SHOWN, number};
use crate::api::ApiError;
use crate::chat::{ChatId, MessageId};
use crate::store;
use crate::web::{Heard, News};

/// How often a room is read without news: another daemon may speak in it.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// How often a silent stream says that it lives.
const ALIVE: Duration = Duration::from_secs(15);

#[derive(Deserialize)]
pub(super) struct From {
    after: Option<i64>,
}

pub(super) async fn events(
    State(desk): State<Arc<Desk>>,
    id: Id,
    from: Result<Query<From>, QueryRejection>,
    headers: HeaderMap,
) -> Answer<Response> {
    let id = number(id)?;
    let Query(From { after }) = from.map_err(|_| ApiError::invalid("after", "send a message's number"))?;
    // Who comes back says so in the header; the address is still that of the first time.
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let place = Arc::clone(&desk.watchers).try_acquire_owned().map_err(|_| ApiError::overloaded())?;
    desk.room(id).await?;
    let news = desk.app.rooms.listen(id);
    let watch = Watch {
        id,
        last: MessageId(last.or(after).unwrap_or_default()),
        news,
        pending: VecDeque::new(),
        begun: false,
        gone: false,
        desk: Arc::clone(&desk),
        _place: place,
    };
    let events = stream::unfold(watch, async |mut watch| Some((watch.next().await?, watch)));
    // A stream has no end of its own, and the daemon must be able to stop.
    let events = events.take_until(desk.stopping.clone().cancelled_owned()).map(Ok::<_, Infallible>);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)).into_response())
}

/// Somebody who looks at a room.
struct Watch {
    desk: Arc<Desk>,
    id: ChatId,
    last: MessageId,
    news: Heard,
    pending: VecDeque<Event>,
    begun: bool,
    gone: bool,
    _place: OwnedSemaphorePermit,
}

impl Watch {
    /// The next event; `None` once the room is gone.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                return Some(event);
            }
            if self.gone {
                return None;
            }
            let news = if std::mem::replace(&mut self.begun, true) { self.news().await } else { News::Said };
            if let Err(error) = self.read(news).await {
                tracing::warn!(%error, "a room can't be read; trying again");
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }

    async fn news(&mut self) -> News {
        tokio::time::timeout(LOOK_AGAIN, self.news.next()).await.unwrap_or(News::Said)
    }

    async fn read(&mut self, news: News) -> store::Result<()> {
        match news {
            News::Typing(persona) => self.pending.push_back(event("typing", &json!({ "persona": persona }))),
            News::Changed => {
                self.gone = self.desk.app.store.rooms(Some(self.id)).await?.is_empty();
                self.pending.push_back(event(if self.gone { "gone" } else { "room" }, &json!({})));
            }
            News::Said => {
                for message in self.desk.app.store.room_messages(self.id, self.last, SHOWN).await? {
                    self.last = message.id;
                    let event = event("message", &json!(MessageView::of(&message))).id(message.id.to_string());
                    self.pending.push_back(event);
                }
            }
        }
        Ok(())
    }
}

fn event(name: &str, data: &serde_json::Value) -> Event {
    Event::default().event(name).data(data.to_string())
}
