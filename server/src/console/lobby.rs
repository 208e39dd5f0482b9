//! Who has logged in. A session is a signed cookie, so that it outlives a restart and holds on every daemon of one database; what it
//! is signed with is in the store, and whoever replaces that ends all sessions.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use cookie::{Cookie, CookieJar, Key, SameSite};
use moka::future::Cache;
use rand::TryRngCore;
use rand::rngs::OsRng;
use time::OffsetDateTime;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::api::{ApiError, FRESH, Keys, PREFIX, Pace};
use crate::app::App;
use crate::store::{KeyHash, SigningSecret};

/// How long a link that nobody has used is good.
pub const LINK_LASTS: time::Duration = time::Duration::minutes(10);
/// Bytes of a link's secret.
pub const SECRET_LENGTH: usize = 32;
/// How long a session is.
const SESSION_LASTS: time::Duration = time::Duration::days(7);
/// Log-ins that may fail from one address within a minute.
const FAILURES: u32 = 10;
/// The session's cookie.
const NAME: &str = "maskarad_session";
/// Characters of a cookie's signature: 32 bytes as base64.
const SIGNATURE: usize = 44;

/// Lets people in, and knows who is.
pub(crate) struct Lobby {
    app: Arc<App>,
    keys: Arc<Keys>,
    secret: Mutex<Option<(Instant, Key)>>,
    failures: Cache<String, Arc<std::sync::Mutex<Pace>>>,
}

/// A session, as its cookie tells of it.
#[derive(Debug, PartialEq, Eq)]
struct Session {
    /// The link's or the key's name.
    name: String,
    begun: OffsetDateTime,
}

impl Lobby {
    /// Where nobody has come in yet.
    pub(crate) fn new(app: Arc<App>, keys: Arc<Keys>) -> Self {
        let failures = Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(600)).build();
        Self { app, keys, secret: Mutex::default(), failures }
    }

    /// Who a request's cookie says it is, and what the header of a change of theirs must hold. `None` for no cookie, and for one
    /// that isn't good.
    pub(crate) async fn session(&self, headers: &HeaderMap) -> Option<(String, String)> {
        let cookie = cookie_of(headers)?;
        let key = self.key().await.ok()?;
        let mut jar = CookieJar::new();
        jar.add_original(cookie);
        let value = jar.signed(&key).get(NAME)?.value().to_owned();
        let session = Session::parse(&value)?;
        let age = self.app.clock.now() - session.begun;
        let in_time = age < SESSION_LASTS && age > -time::Duration::HOUR;
        // A link is used up; a key may have been revoked since.
        let good = is_link(&session.name) || self.keys.is_good(&session.name, std::time::Instant::now()).await;
        (in_time && good).then(|| (session.name, csrf(&key, &value)))
    }

    /// Logs in by a link's secret or by a key; returns the name, and the cookie.
    ///
    /// # Errors
    /// 401 for what isn't good, 429 after too many of those from one address, 503 where nobody can tell.
    pub(super) async fn log_in(&self, secret: &str, address: &str) -> Result<(String, Cookie<'static>), ApiError> {
        let now = std::time::Instant::now();
        // Counted before anything is looked up, so that many at once aren't one.
        let failures = self.failures.get_with_by_ref(address, async { Arc::default() }).await;
        let failed = || failures.lock().unwrap_or_else(PoisonError::into_inner);
        failed().ask(FAILURES, now).map_err(|wait| ApiError::too_many_logins(wait.as_secs() + 1))?;
        let name = if secret.starts_with(PREFIX) {
            self.keys.logs_in(secret, now).await?
        } else {
            let link = self.app.store.use_login_link(&KeyHash::of(secret), self.app.clock.now()).await?;
            link.map(|number| format!("{LINK}{number}"))
        };
        let name = name.ok_or_else(ApiError::login_refused)?;
        failed().give_back(FAILURES);
        let cookie = self.cookie(&name).await?;
        Ok((name, cookie))
    }

    async fn cookie(&self, name: &str) -> Result<Cookie<'static>, ApiError> {
        let session = Session { name: name.to_owned(), begun: self.app.clock.now() };
        let mut jar = CookieJar::new();
        jar.signed_mut(&self.key().await?).add(Cookie::new(NAME, session.text()?));
        let signed = jar.get(NAME).cloned().ok_or_else(ApiError::internal)?;
        Ok(kept(signed, SESSION_LASTS))
    }

    /// What sessions are signed with, as it was within the last seconds.
    async fn key(&self) -> Result<Key, ApiError> {
        let mut known = self.secret.lock().await;
        if let Some((_, key)) = known.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            return Ok(key.clone());
        }
        let secret = self.app.store.signing_secret(&new_secret()?, self.app.clock.now()).await?;
        let key = Key::from(secret.expose());
        *known = Some((Instant::now(), key.clone()));
        Ok(key)
    }
}

/// What links' names begin with; no key's does, for keys have no such character.
const LINK: &str = "link#";

fn is_link(name: &str) -> bool {
    name.starts_with(LINK)
}

/// A cookie that makes a browser forget its session.
pub(super) fn forgotten() -> Cookie<'static> {
    kept(Cookie::new(NAME, ""), time::Duration::ZERO)
}

fn kept(mut cookie: Cookie<'static>, lasts: time::Duration) -> Cookie<'static> {
    cookie.set_path("/");
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Strict);
    cookie.set_max_age(lasts);
    cookie
}

fn cookie_of(headers: &HeaderMap) -> Option<Cookie<'static>> {
    let sent = headers.get_all(COOKIE).iter().filter_map(|sent| sent.to_str().ok());
    let mut cookies = sent.flat_map(Cookie::split_parse).filter_map(Result::ok);
    cookies.find(|cookie| cookie.name() == NAME).map(Cookie::into_owned)
}

/// The header's value for this session: nobody makes it without the secret.
fn csrf(key: &Key, session: &str) -> String {
    let mut jar = CookieJar::new();
    jar.signed_mut(key).add(Cookie::new("csrf", session.to_owned()));
    jar.get("csrf").map(|signed| signed.value().chars().take(SIGNATURE).collect()).unwrap_or_default()
}

impl Session {
    /// As the cookie has it, with something that no other session has.
    fn text(&self) -> Result<String, ApiError> {
        let mut salt = [0u8; 8];
        OsRng.try_fill_bytes(&mut salt).map_err(|_| ApiError::internal())?;
        Ok(format!("{}|{}|{:016x}", self.name, self.begun.unix_timestamp(), u64::from_ne_bytes(salt)))
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('|');
        let (name, begun, _salt) = (parts.next()?, parts.next()?, parts.next()?);
        let begun = OffsetDateTime::from_unix_timestamp(begun.parse().ok()?).ok()?;
        Some(Self { name: name.to_owned(), begun })
    }
}

fn new_secret() -> Result<SigningSecret, ApiError> {
    let mut bytes = [0; SigningSecret::LENGTH];
    OsRng.try_fill_bytes(&mut bytes).map_err(|_| ApiError::internal())?;
    Ok(SigningSecret::new(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_session_has_a_word_of_its_own_for_changes() {
        let (one, other) = (Key::from(&[1; 64]), Key::from(&[2; 64]));
        let word = csrf(&one, "link#1|5|a");
        assert_eq!(word.len(), SIGNATURE);
        assert!(word != csrf(&other, "link#1|5|a") && word != csrf(&one, "link#1|5|b"));
    }

    #[test]
    fn a_session_can_be_read_again() {
        let begun = OffsetDateTime::from_unix_timestamp(1_796_000_000).unwrap();
        let session = Session { name: "link#7".to_owned(), begun };
        assert_eq!(Session::parse(&session.text().unwrap()), Some(session));
        for text in ["", "a", "a|b|c", "a|1", "a|99999999999999999|c"] {
            assert_eq!(Session::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_cookie_is_for_this_site_and_no_script() {
        let cookie = kept(Cookie::new(NAME, "x"), SESSION_LASTS).to_string();
        for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=604800"] {
            assert!(cookie.contains(part), "{part} in {cookie}");
        }
    }
}
