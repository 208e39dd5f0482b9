//! What the console asks of the store, beside [`Store`](super::Store).

use async_trait::async_trait;
use time::OffsetDateTime;

use super::{
    AuditEntry, BusyChat, ChatQuery, FailedJob, HistoryMessage, KeyHash, ListedChat, LoginLink, NewAuditEntry, Result,
    SettingsChange, SigningSecret,
};
use crate::chat::ChatKey;

/// Who is let in to the console.
#[async_trait]
pub trait Sessions: Send + Sync + 'static {
    /// What sessions are signed with, on every daemon of this database. Where there is none yet, it is `candidate` from now on.
    async fn signing_secret(&self, candidate: &SigningSecret, now: OffsetDateTime) -> Result<SigningSecret>;

    /// Ends all sessions and spoils all links: from now on this is the secret.
    async fn replace_signing_secret(&self, secret: &SigningSecret, now: OffsetDateTime) -> Result<()>;

    /// Adds a link; its number, by which people know it.
    async fn add_login_link(&self, link: &LoginLink) -> Result<i64>;

    /// Uses a link up; its number. `None`, and nothing changed, where there is none, it was used or is too old.
    async fn use_login_link(&self, hash: &KeyHash, now: OffsetDateTime) -> Result<Option<i64>>;
}

/// What operators did.
#[async_trait]
pub trait AuditLog: Send + Sync + 'static {
    /// Notes what somebody is about to do.
    async fn note(&self, entry: &NewAuditEntry) -> Result<()>;

    /// What was done, latest first, below the entry `before`.
    async fn audit(&self, before: Option<i64>, limit: u32) -> Result<Vec<AuditEntry>>;
}

/// The chats there are.
#[async_trait]
pub trait ChatBook: Send + Sync + 'static {
    /// Chats, those in which somebody wrote latest first.
    async fn chats(&self, query: &ChatQuery) -> Result<Vec<ListedChat>>;

    /// One of them.
    async fn chat(&self, key: &ChatKey) -> Result<Option<ListedChat>>;

    /// Changes some of a chat's settings, and leaves the others.
    async fn change_settings(&self, key: &ChatKey, change: &SettingsChange) -> Result<()>;

    /// The last `limit` messages of a chat, in all its threads, in the order they were stored.
    async fn said_in(&self, key: &ChatKey, limit: u32) -> Result<Vec<HistoryMessage>>;

    /// The chats in which most was said within the last day.
    async fn busiest_chats(&self, now: OffsetDateTime, limit: u32) -> Result<Vec<BusyChat>>;

    /// The latest jobs that ended without the reply they deserved.
    async fn failed_jobs(&self, limit: u32) -> Result<Vec<FailedJob>>;
}
