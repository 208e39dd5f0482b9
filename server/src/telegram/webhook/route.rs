//! `POST /telegram/{persona}`: is it Telegram, is it an update, is it stored? Only then 200.
//!
//! Whatever isn't a 2xx makes Telegram send the update again, at once and then ever later, for a day; the chat's later
//! updates wait behind it. `Retry-After` shortens the wait. So a failure of ours is a 503, and what can never be stored is
//! a 200 and an error in the log.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tracing::Instrument;

use super::doors::{Behind, Doors, Knock};
use crate::app::App;
use crate::metrics;
use crate::request::RequestId;
use crate::store::RawUpdate;
use crate::telegram::envelope::open;

/// Where Telegram repeats the secret.
const SECRET: &str = "x-telegram-bot-api-secret-token";
/// The largest update. A message has 4,096 characters, which Telegram writes as 24 KiB at most, and may quote another:
/// real updates stay far below a tenth of this.
const MOST_BYTES: usize = 4 << 20;
/// How long a body may take; Telegram's arrive in one piece.
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// After how many seconds Telegram should try again what failed for now.
const AGAIN: u64 = 5;

/// The route, for personas behind these doors.
pub fn routes(app: Arc<App>, doors: Arc<Doors>) -> Router {
    Router::new().route("/telegram/{persona}", post(receive)).with_state(Entrance { app, doors })
}

#[derive(Clone)]
struct Entrance {
    app: Arc<App>,
    doors: Arc<Doors>,
}

/// What Telegram is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// Stored, or known already, or never to be stored: it must not come again.
    Done,
    /// Not Telegram.
    Stranger,
    /// Broken off; it comes again.
    BrokenOff,
    /// Too slow.
    Slow,
    /// Too large.
    Large,
    /// It should come again soon.
    Later,
}

impl IntoResponse for Verdict {
    fn into_response(self) -> Response {
        match self {
            Self::Done => StatusCode::OK.into_response(),
            Self::Stranger => StatusCode::UNAUTHORIZED.into_response(),
            Self::BrokenOff => StatusCode::BAD_REQUEST.into_response(),
            Self::Slow => StatusCode::REQUEST_TIMEOUT.into_response(),
            Self::Large => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
            Self::Later => (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, AGAIN)]).into_response(),
        }
    }
}

/// A body is read only from somebody who knows the secret.
async fn receive(
    State(entrance): State<Entrance>,
    persona: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Body,
) -> Verdict {
    let Ok(Path(persona)) = persona else { return Verdict::Stranger };
    let told = headers.get(SECRET).map(|secret| secret.as_bytes());
    let behind = match entrance.doors.knock(&persona, told) {
        Knock::Stranger => return Verdict::Stranger,
        Knock::Nobody => return Verdict::Later,
        Knock::Welcome(behind) => behind,
    };
    if entrance.app.load.is_flooded() {
        return Verdict::Later;
    }
    let Ok(_room) = behind.room.try_acquire() else { return Verdict::Later };
    match read(body).await {
        Ok(body) => entrance.store(&behind, &body).await,
        Err(verdict) => {
            tracing::warn!(persona = %behind.live.name, ?verdict, "an update could not be read to its end");
            verdict
        }
    }
}

async fn read(body: Body) -> Result<Bytes, Verdict> {
    if body.size_hint().lower() > MOST_BYTES as u64 {
        return Err(Verdict::Large);
    }
    match tokio::time::timeout(BODY_WITHIN, to_bytes(body, MOST_BYTES)).await {
        Err(_) => Err(Verdict::Slow),
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) if is_too_large(&error) => Err(Verdict::Large),
        Ok(Err(_)) => Err(Verdict::BrokenOff),
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}

impl Entrance {
    /// Stores an update before it counts as received.
    async fn store(&self, behind: &Behind, body: &[u8]) -> Verdict {
        let persona = &behind.live.name;
        // As with polling, a character that isn't one costs itself and not the message.
        let Some(update) = open(&String::from_utf8_lossy(body)) else {
            // It arrived whole, so it would be the same again, and its chat would wait behind it for a day.
            tracing::error!(%persona, bytes = body.len(), "a body without a readable update_id came with the right secret; it is left out");
            return Verdict::Done;
        };
        let span = RequestId::of_update(&behind.live.seat(), update.update_id).span();
        self.accept(behind, update).instrument(span).await
    }

    async fn accept(&self, behind: &Behind, update: RawUpdate) -> Verdict {
        let persona = &behind.live.name;
        match self.app.store.accept(behind.live.bot_id, &[update], self.app.clock.now()).await {
            Ok(new) => {
                tracing::debug!(%persona, new, "an update is stored");
                metrics::updates_received(persona, new);
                if behind.failing.swap(false, Ordering::Relaxed) {
                    tracing::info!(%persona, "updates can be stored again");
                }
                behind.live.inbox.notify_one();
                Verdict::Done
            }
            Err(error) => {
                if !behind.failing.swap(true, Ordering::Relaxed) {
                    tracing::warn!(%persona, %error, "updates can't be stored; Telegram is asked to send them again");
                }
                Verdict::Later
            }
        }
    }
}
