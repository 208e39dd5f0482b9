//! Who may ask. Whoever has a key that was made with `maskarad key create`, or is logged in to the console; and without
//! either whoever sits at this very machine. Who calls is found out for every request of this listener ([`Caller`]); what
//! that lets them do is each route's own matter: the API's ([`let_in`]), and [`crate::console`]'s.
//!
//! A connection from this machine isn't enough for that: a proxy in front makes every stranger look like one, and a page in a
//! browser here may send requests in a stranger's name, or under a name that it has led to 127.0.0.1.

mod keys;
mod pace;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;
use url::Url;

use super::caller::{self, Caller, Operator, Role};
use super::error::ApiError;
use super::{BODY_WITHIN, LONGEST_BODY};
use crate::console::Lobby;
use crate::http::Peer;

pub(crate) use self::keys::Keys;
pub(crate) use self::pace::Pace;

/// What our keys begin with.
pub const PREFIX: &str = "mk_";
/// The header that says that a change is meant. No page of another site can send one of its own.
const CSRF: &str = "x-csrf-token";
/// What proxies add.
const OF_PROXIES: [&str; 4] = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];

/// By what callers are known.
pub(super) struct Gate {
    pub(super) keys: Arc<Keys>,
    pub(super) lobby: Arc<Lobby>,
}

/// Finds out who calls. Only pages of other sites are turned away here already.
pub(super) async fn identify(State(gate): State<Arc<Gate>>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    let headers = request.headers();
    if let Some(origin) = headers.get(ORIGIN)
        && !is_our_own(origin.to_str().unwrap_or_default(), headers)
    {
        return ApiError::forbidden("pages of other sites may not ask: cross-origin requests are off").into_response();
    }
    let role = gate.role(peer, headers).await;
    let sent = headers.get(CSRF).map(|value| value.as_bytes()).unwrap_or_default();
    let meant = match &role {
        Role::Operator(operator) => bool::from(operator.csrf.as_bytes().ct_eq(sent)),
        Role::Visitor => !sent.is_empty(),
        Role::Nobody(_) | Role::Key(_) => false,
    };
    let caller = Caller { role, meant, address: caller::address(peer, headers) };
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// Lets in to the API who may ask. A browser sends a session's cookie by itself, so that what changes anything needs more.
pub(super) async fn let_in(Extension(caller): Extension<Caller>, request: Request, next: Next) -> Response {
    match &caller.role {
        Role::Nobody(refusal) => refusal.clone().into_response(),
        Role::Operator(operator) if !operator.near && !caller.meant && !request.method().is_safe() => {
            ApiError::unmeant().into_response()
        }
        Role::Operator(_) | Role::Visitor | Role::Key(_) => next.run(request).await,
    }
}

impl Gate {
    async fn role(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> Role {
        let near = is_at_this_machine(peer, headers);
        let key = key(headers);
        match &key {
            // OpenAI's clients insist on sending one.
            Ok(Some(key)) if !near || key.starts_with(PREFIX) => {
                return match self.keys.admit(key, Instant::now()).await {
                    Ok(name) => Role::Key(name),
                    Err(error) => Role::Nobody(error),
                };
            }
            Ok(_) | Err(_) => {}
        }
        match (self.lobby.session(headers).await, key) {
            (Some((name, csrf)), _) => Role::Operator(Operator { name, csrf, near }),
            (None, Err(error)) => Role::Nobody(error),
            (None, Ok(_)) if near => Role::Visitor,
            (None, Ok(_)) => Role::Nobody(ApiError::unauthorized(
                "a key is needed from elsewhere; `maskarad key create NAME` makes one",
            )),
        }
    }
}

/// The key that a request brings, if it brings one.
fn key(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let Some(authorization) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let text = authorization.to_str().unwrap_or_default();
    match text.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(key.trim())),
        _ => Err(ApiError::unauthorized("send the key as Authorization: Bearer KEY")),
    }
}

/// Whether a request comes straight from this machine, to a name that can be no other machine's.
fn is_at_this_machine(peer: Option<SocketAddr>, headers: &HeaderMap) -> bool {
    let near = peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback());
    let through = OF_PROXIES.iter().any(|name| headers.contains_key(HeaderName::from_static(name)));
    near && !through && host(headers).is_some_and(|host| is_local(&host))
}

fn is_local(host: &url::Host) -> bool {
    match host {
        url::Host::Domain(name) => name == "localhost",
        url::Host::Ipv4(address) => address.is_loopback(),
        url::Host::Ipv6(address) => address.is_loopback(),
    }
}

/// Whether a page at this origin came from where the request goes.
fn is_our_own(origin: &str, headers: &HeaderMap) -> bool {
    let Some(asked) = asked(headers) else { return false };
    Url::parse(origin).is_ok_and(|origin| {
        origin.host() == asked.host() && origin.port_or_known_default().is_some() && {
            // Behind a proxy that speaks TLS the port of the request is the scheme's own.
            asked.port().is_none() || origin.port() == asked.port()
        }
    })
}

fn asked(headers: &HeaderMap) -> Option<Url> {
    let host = headers.get(HOST)?.to_str().ok()?;
    Url::parse(&format!("http://{host}/")).ok().filter(|url| url.path() == "/" && url.username().is_empty())
}

fn host(headers: &HeaderMap) -> Option<url::Host> {
    asked(headers)?.host().map(|host| host.to_owned())
}

/// Reads the body as a whole, and gives up on one that dawdles.
pub(super) async fn in_time(request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    match tokio::time::timeout(BODY_WITHIN, to_bytes(body, LONGEST_BODY)).await {
        Ok(Ok(bytes)) => next.run(Request::from_parts(head, Body::from(bytes))).await,
        Ok(Err(_)) => ApiError::too_large().into_response(),
        Err(_) => ApiError::too_slow().into_response(),
    }
}

/// How often what is kept of keys is looked up again: a revoked one is refused after so long at the latest.
pub(crate) const FRESH: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_who_sits_here_needs_no_key() {
        let here: SocketAddr = "127.0.0.1:5000".parse().unwrap();
        let mapped: SocketAddr = "[::ffff:127.0.0.1]:5000".parse().unwrap();
        let there: SocketAddr = "192.0.2.7:5000".parse().unwrap();
        let local = headers(&[("host", "localhost:8077")]);
        assert!(is_at_this_machine(Some(here), &local) && is_at_this_machine(Some(mapped), &local));
        assert!(is_at_this_machine(Some(here), &headers(&[("host", "[::1]:8077")])));
        assert!(!is_at_this_machine(Some(there), &local), "a stranger may call any host");
        assert!(!is_at_this_machine(None, &local));
        assert!(!is_at_this_machine(Some(here), &headers(&[])), "HTTP/1.0 without a host");
        for host in
            ["evil.example", "evil.example:8077", "localhost.evil.example", "127.0.0.1@evil.example", "127.0.0.1/x"]
        {
            assert!(!is_at_this_machine(Some(here), &headers(&[("host", host)])), "{host}: a name led here");
        }
        for proxy in OF_PROXIES {
            assert!(!is_at_this_machine(Some(here), &headers(&[("host", "localhost"), (proxy, "1")])), "{proxy}");
        }
    }

    #[test]
    fn pages_of_other_sites_are_strangers() {
        let local = headers(&[("host", "127.0.0.1:8077")]);
        assert!(is_our_own("http://127.0.0.1:8077", &local));
        for origin in ["null", "", "http://evil.example", "http://127.0.0.1:9", "http://localhost:8077"] {
            assert!(!is_our_own(origin, &local), "{origin}");
        }
        assert!(is_our_own("https://bots.example.org", &headers(&[("host", "bots.example.org")])));
    }
}
