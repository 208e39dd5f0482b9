//! The keys of the HTTP API.

use std::time::Instant;

use async_trait::async_trait;
use time::OffsetDateTime;
use tokio::time::timeout;

use super::{DEADLINE, SqlStore, in_time};
use crate::store::dialect::{Dialect, Session};
use crate::store::timing::counted;
use crate::store::{ApiKey, Keyring, Result, api_keys};

#[async_trait]
impl<D: Dialect> Keyring for SqlStore<D> {
    async fn add_api_key(&self, key: &ApiKey) -> Result<bool> {
        write!(self, api_keys::add(key))
    }

    async fn api_keys(&self) -> Result<Vec<ApiKey>> {
        read!(self, api_keys::all())
    }

    async fn revoke_api_key(&self, name: &str, now: OffsetDateTime) -> Result<bool> {
        write!(self, api_keys::revoke(name, now))
    }
}
