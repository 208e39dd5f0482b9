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
pub struct Keys {
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
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, known: Mutex::default() }
    }

    /// Lets a key ask once more.
    ///
    /// # Errors
    /// 401 for one that is unknown or revoked, 429 for one that has had its share, 503 where nobody can tell.
    pub(super) async fn admit(&self, secret: &str, now: Instant) -> Result<(), ApiError> {
        let hash = KeyHash::of(secret);
        let mut known = self.known.lock().await;
        if known.looked.is_none_or(|looked| now.duration_since(looked) > FRESH) {
            let keys = self.store.api_keys().await.map_err(|error| {
                tracing::warn!(%error, "keys can't be looked up");
                ApiError::stopping()
            })?;
            known.keys = keys.into_iter().filter(|key| !key.revoked).map(|key| (key.hash, key)).collect();
            known.looked = Some(now);
        }
        let Some(key) = known.keys.get(&hash) else {
            return Err(ApiError::unauthorized("there is no such key, or it was revoked"));
        };
        let (name, per_minute) = (key.name.clone(), key.per_minute);
        let pace = known.paces.entry(name).or_default();
        pace.ask(per_minute, now).map_err(|wait| ApiError::too_many(wait.as_secs() + 1))
    }
}
