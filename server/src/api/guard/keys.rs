//! The keys there are, as far as a request needs to know them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Mutex;

use super::FRESH;
use super::pace::Pace;
use crate::api::error::ApiError;
use crate::store::{ApiKey, KeyHash, Store};

/// Knows which keys are good, and how often each has asked.
pub(crate) struct Keys {
    store: Arc<dyn Store>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    looked: Option<Instant>,
    keys: HashMap<KeyHash, ApiKey>,
    paces: HashMap<String, Pace>,
}

impl Keys {
    /// The keys of this store.
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, known: Mutex::default() }
    }

    /// Lets a key ask once more; its name.
    ///
    /// # Errors
    /// 401 for one that is unknown or revoked, 429 for one that has had its share, 503 where nobody can tell.
    pub(super) async fn admit(&self, secret: &str, now: Instant) -> Result<String, ApiError> {
        let hash = KeyHash::of(secret);
        let mut known = self.known.lock().await;
        self.look(&mut known, now).await?;
        let Some(key) = known.keys.get(&hash) else {
            return Err(ApiError::unauthorized("there is no such key, or it was revoked"));
        };
        let (name, per_minute) = (key.name.clone(), key.per_minute);
        let pace = known.paces.entry(name.clone()).or_default();
        pace.ask(per_minute, now).map_err(|wait| ApiError::too_many(wait.as_secs() + 1))?;
        Ok(name)
    }

    /// The name of a key that may log in to the console; `None` where it may not.
    ///
    /// # Errors
    /// 503 where nobody can tell.
    pub(crate) async fn logs_in(&self, secret: &str, now: Instant) -> Result<Option<String>, ApiError> {
        let mut known = self.known.lock().await;
        self.look(&mut known, now).await?;
        let key = known.keys.get(&KeyHash::of(secret));
        Ok(key.filter(|key| key.console).map(|key| key.name.clone()))
    }

    /// Whether a key that has logged in is still good. While nobody can tell, it is what it was.
    pub(crate) async fn is_good(&self, name: &str, now: Instant) -> bool {
        let mut known = self.known.lock().await;
        // Why it failed is in the log already.
        let _ = self.look(&mut known, now).await;
        known.keys.values().any(|key| key.console && key.name == name)
    }

    async fn look(&self, known: &mut Known, now: Instant) -> Result<(), ApiError> {
        if known.looked.is_some_and(|looked| now.duration_since(looked) <= FRESH) {
            return Ok(());
        }
        let keys = self.store.api_keys().await.map_err(|error| {
            tracing::warn!(%error, "keys can't be looked up");
            ApiError::stopping()
        })?;
        known.keys = keys.into_iter().filter(|key| !key.revoked).map(|key| (key.hash, key)).collect();
        known.looked = Some(now);
        Ok(())
    }
}
