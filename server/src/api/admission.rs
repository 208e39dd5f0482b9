//! How many replies are made for the API at once. Who comes beyond that is turned away at once, and told when to come again.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::ApiError;
use crate::metrics;

/// The places there are.
pub(super) struct Admission(Arc<Semaphore>);

/// Places that a request has until this is dropped.
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
    replies: u32,
}

impl Drop for Place {
    fn drop(&mut self) {
        metrics::api_replies_end(self.replies);
    }
}

impl Admission {
    pub(super) fn new(places: usize) -> Self {
        Self(Arc::new(Semaphore::new(places)))
    }

    /// So many places, or none.
    ///
    /// # Errors
    /// 503 where there is no room.
    pub(super) fn admit(&self, replies: usize) -> Result<Place, ApiError> {
        let replies = u32::try_from(replies).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.0).try_acquire_many_owned(replies);
        let permit = permit.map_err(|_| ApiError::overloaded())?;
        metrics::api_replies_begin(replies);
        Ok(Place { _permit: permit, replies })
    }
}
