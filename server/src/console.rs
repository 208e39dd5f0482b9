//! The daemon's own page and whatever it asks: log-in, rooms, how the daemon is, the chats there are. Its replies come from the API's own
//! routes, on the same listener.
//!
//! Who calls is found out by the API's guard (`Caller`); what that lets them do here stands in `needs`, and a route that
//! isn't named there is the operator's.

mod assets;
mod audit;
mod chats;
mod live;
mod lobby;
mod login;
mod rooms;
mod seal;
mod settings;

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use tokio_util::sync::CancellationToken;

use crate::api::{ApiError, Caller, Parts, Role};

pub use self::lobby::LINK_LASTS;
pub(crate) use self::lobby::Lobby;

/// What every answer of this listener says to browsers: a page of ours runs no script and loads nothing but its own.
const HARDENED: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; \
         form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Needs {
    /// Anybody.
    Nothing,
    /// Whoever sits at this machine, or has logged in.
    Visitor,
    /// Whoever has logged in.
    Operator,
}

/// The console's routes.
pub(crate) fn routes(parts: &Parts, lobby: Arc<Lobby>, stopping: &CancellationToken) -> Router {
    let app = &parts.app;
    assets::routes()
        .merge(login::routes(app, lobby, parts.console_texts))
        .merge(rooms::routes(app, stopping))
        .merge(live::routes(app, &parts.looker))
        .merge(chats::routes(app, parts.console_texts))
        .merge(audit::routes(app))
}

fn needs(method: &Method, path: &str) -> Needs {
    let is_asset = path == "/" || path.starts_with("/console/assets/");
    let is_login = path == "/console/session" || (path == "/console/login" && method == Method::POST);
    if is_asset || is_login {
        Needs::Nothing
    } else if path == "/console/rooms" || path.starts_with("/console/rooms/") {
        Needs::Visitor
    } else {
        Needs::Operator
    }
}

/// Lets in to the console's routes who may use them, and to a change who means it.
pub(crate) async fn admit(Extension(caller): Extension<Caller>, request: Request, next: Next) -> Response {
    match refusal(&caller, request.method(), request.uri().path()) {
        Some(refusal) => refusal.into_response(),
        None => next.run(request).await,
    }
}

fn refusal(caller: &Caller, method: &Method, path: &str) -> Option<ApiError> {
    let needs = needs(method, path);
    match (&caller.role, needs) {
        (_, Needs::Nothing) => return None,
        (Role::Nobody(_), _) => return Some(ApiError::login_needed()),
        (Role::Visitor | Role::Key(_), Needs::Operator) | (Role::Key(_), Needs::Visitor) => {
            return Some(ApiError::operators_only());
        }
        (Role::Visitor, Needs::Visitor) | (Role::Operator(_), _) => {}
    }
    (!method.is_safe() && !caller.meant).then(ApiError::unmeant)
}

/// Says to browsers what pages of ours may do, and that nothing of what was answered is to be kept, unless the answer says so itself.
pub(crate) async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    for (name, value) in HARDENED {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Operator;

    fn caller(role: Role, meant: bool) -> Caller {
        Caller { role, meant, address: "127.0.0.1".to_owned() }
    }

    #[test]
    fn who_may_do_what_is_a_table() {
        let operator = || Role::Operator(Operator { name: "link-1".to_owned(), csrf: "c".to_owned(), near: false });
        let key = || Role::Key("bot".to_owned());
        let nobody = || Role::Nobody(ApiError::login_needed());
        let routes: [(Method, &str, [bool; 4]); 9] = [
            (Method::GET, "/", [true, true, true, true]),
            (Method::GET, "/console/assets/app.js", [true, true, true, true]),
            (Method::POST, "/console/login", [true, true, true, true]),
            (Method::GET, "/console/rooms", [false, true, false, true]),
            (Method::DELETE, "/console/rooms/5", [false, true, false, true]),
            (Method::GET, "/console/live", [false, false, false, true]),
            (Method::DELETE, "/console/chats/avtobus/telegram/5", [false, false, false, true]),
            (Method::POST, "/console/logout", [false, false, false, true]),
            (Method::GET, "/console/of-tomorrow", [false, false, false, true]),
        ];
        for (method, path, expected) in routes {
            let may = [nobody(), Role::Visitor, key(), operator()];
            let may = may.map(|role| refusal(&caller(role, true), &method, path).is_none());
            assert_eq!(may, expected, "{method} {path}: nobody, visitor, key, operator");
        }
    }

    #[test]
    fn what_changes_anything_must_be_meant() {
        for (method, path, free) in [
            (Method::GET, "/console/rooms", true),
            (Method::POST, "/console/rooms", false),
            (Method::PATCH, "/console/rooms/5/personas/avtobus", false),
            (Method::POST, "/console/login", true),
        ] {
            let refused = refusal(&caller(Role::Visitor, false), &method, path);
            assert_eq!(refused.is_none(), free, "{method} {path}");
        }
    }
}
