//! Who has logged in. A session is a signed cookie, so that it outlives a restart and holds on every daemon of one database; what it
//! is signed with is in the store, and whoever replaces that ends all sessions.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use cookie::Cookie;
use moka::future::Cache;
use tokio::sync::Mutex;

use super::seal::{self, Seal, Session};
use crate::api::{ApiError, FRESH, Keys, PREFIX, Pace};
use crate::app::App;
use crate::clock::secret_bytes;
use crate::store::{KeyHash, SigningSecret};

/// How long a link that nobody has used is good.
pub const LINK_LASTS: time::Duration = time::Duration::minutes(10);
/// Log-ins that may fail from one address within a minute.
const FAILURES: u32 = 10;
/// What links' names begin with; no key's does, for keys have no such character.
const LINK: &str = "link#";

/// Lets people in, and knows who is.
pub(crate) struct Lobby {
    app: Arc<App>,
    keys: Arc<Keys>,
    seal: Mutex<Option<(Instant, Seal)>>,
    failures: Cache<String, Arc<std::sync::Mutex<Pace>>>,
}

/// How old what is known of the secret may be.
#[derive(Clone, Copy)]
enum Known {
    /// Some seconds; while the store is away, as old as it is.
    Lately,
    /// Not at all.
    Now,
}

impl Lobby {
    /// Where nobody has come in yet.
    pub(crate) fn new(app: Arc<App>, keys: Arc<Keys>) -> Self {
        let failures = Cache::builder().max_capacity(10_000).time_to_live(Duration::from_secs(600)).build();
        Self { app, keys, seal: Mutex::default(), failures }
    }

    /// Who a request's cookie says it is, and what the header of a change of theirs must hold. `None` for no cookie, and for one
    /// that isn't good.
    pub(crate) async fn session(&self, headers: &HeaderMap) -> Option<(String, String)> {
        if !seal::has_cookie(headers) {
            return None;
        }
        let seal = self.seal(Known::Lately).await.ok()?;
        let session = seal.session(headers, self.app.clock.now())?;
        // A link is used up; a key may have been revoked since.
        let good = session.name.starts_with(LINK) || self.keys.is_good(&session.name, Instant::now()).await;
        good.then(|| (session.name.clone(), seal.for_changes(&session)))
    }

    /// Logs in by a link's secret or by a key; returns the name, and the cookie.
    ///
    /// # Errors
    /// 401 for what isn't good, 429 after too many of those from one address, 503 where nobody can tell.
    pub(super) async fn log_in(&self, secret: &str, address: &str) -> Result<(String, Cookie<'static>), ApiError> {
        let now = Instant::now();
        let failures = self.failures.get_with_by_ref(address, async { Arc::default() }).await;
        let failed = || failures.lock().unwrap_or_else(PoisonError::into_inner);
        // Counted before anything is looked up, so that many at once aren't one.
        failed().ask(FAILURES, now).map_err(|wait| ApiError::too_many_logins(wait.as_secs() + 1))?;
        let name = if secret.starts_with(PREFIX) {
            self.keys.logs_in(secret, now).await?
        } else {
            let link = self.app.store.use_login_link(&KeyHash::of(secret), self.app.clock.now()).await?;
            link.map(|number| format!("{LINK}{number}"))
        };
        let Some(name) = name else {
            tracing::info!(address, "a log-in to the console was refused");
            return Err(ApiError::login_refused());
        };
        failed().give_back(FAILURES);
        let begun = self.app.clock.now();
        let session = Session { name: name.clone(), begun, salt: u64::from_ne_bytes(random()?) };
        // Somebody may have ended all sessions a second ago; this one begins after that.
        let cookie = self.seal(Known::Now).await?.cookie(&session);
        Ok((name, cookie))
    }

    /// What sessions are signed with.
    async fn seal(&self, known: Known) -> Result<Seal, ApiError> {
        let mut last = self.seal.lock().await;
        if let (Known::Lately, Some((_, seal))) = (known, last.as_ref().filter(|(at, _)| at.elapsed() < FRESH)) {
            return Ok(seal.clone());
        }
        match (self.app.store.signing_secret(&SigningSecret::new(random()?), self.app.clock.now()).await, known) {
            (Ok(secret), _) => {
                let seal = Seal::new(&secret);
                *last = Some((Instant::now(), seal.clone()));
                Ok(seal)
            }
            (Err(error), Known::Now) => Err(error.into()),
            // Whoever replaces the secret needs the store, too.
            (Err(error), Known::Lately) => {
                let (at, seal) = last.as_mut().ok_or(error)?;
                *at = Instant::now();
                Ok(seal.clone())
            }
        }
    }
}

fn random<const LENGTH: usize>() -> Result<[u8; LENGTH], ApiError> {
    secret_bytes().map_err(|_| ApiError::internal())
}
