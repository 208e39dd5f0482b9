//! What the console asks.

use std::time::Instant;

use async_trait::async_trait;
use time::OffsetDateTime;
use tokio::time::timeout;

use super::{DEADLINE, SqlStore, in_time};
use crate::chat::ChatKey;
use crate::store::dialect::{Dialect, Session};
use crate::store::timing::counted;
use crate::store::{
    AuditEntry, AuditLog, BusyChat, ChatBook, ChatQuery, FailedJob, HistoryMessage, KeyHash, ListedChat, LoginLink,
    NewAuditEntry, Result, Sessions, SettingsChange, SigningSecret, audit, chat_book, sessions,
};

#[async_trait]
impl<D: Dialect> Sessions for SqlStore<D> {
    async fn signing_secret(&self, candidate: &SigningSecret, now: OffsetDateTime) -> Result<SigningSecret> {
        match read!(self, sessions::secret())? {
            Some(secret) => Ok(secret),
            None => write!(self, sessions::begin(candidate, now)),
        }
    }

    async fn replace_signing_secret(&self, secret: &SigningSecret, now: OffsetDateTime) -> Result<()> {
        write!(self, sessions::replace(secret, now))
    }

    async fn add_login_link(&self, link: &LoginLink) -> Result<i64> {
        write!(self, sessions::add_link(link))
    }

    async fn use_login_link(&self, hash: &KeyHash, now: OffsetDateTime) -> Result<Option<i64>> {
        write!(self, sessions::use_link(hash, now))
    }
}

#[async_trait]
impl<D: Dialect> AuditLog for SqlStore<D> {
    async fn note(&self, entry: &NewAuditEntry) -> Result<()> {
        write!(self, audit::note(entry))
    }

    async fn audit(&self, before: Option<i64>, limit: u32) -> Result<Vec<AuditEntry>> {
        read!(self, audit::latest(before, limit))
    }
}

#[async_trait]
impl<D: Dialect> ChatBook for SqlStore<D> {
    async fn chats(&self, query: &ChatQuery) -> Result<Vec<ListedChat>> {
        read!(self, chat_book::list(query))
    }

    async fn chat(&self, key: &ChatKey) -> Result<Option<ListedChat>> {
        read!(self, chat_book::one(key))
    }

    async fn change_settings(&self, key: &ChatKey, change: &SettingsChange) -> Result<()> {
        write!(self, chat_book::change(key, change))
    }

    async fn said_in(&self, key: &ChatKey, limit: u32) -> Result<Vec<HistoryMessage>> {
        read!(self, chat_book::said(key, limit))
    }

    async fn busiest_chats(&self, now: OffsetDateTime, limit: u32) -> Result<Vec<BusyChat>> {
        read!(self, chat_book::busiest(now, limit))
    }

    async fn failed_jobs(&self, limit: u32) -> Result<Vec<FailedJob>> {
        read!(self, chat_book::failed(limit))
    }
}
