//! The daemons that share the database.

use std::time::Instant;

use async_trait::async_trait;
use tokio::time::timeout;

use super::{DEADLINE, SqlStore, in_time};
use crate::chat::PersonaName;
use crate::store::dialect::{Dialect, Session};
use crate::store::timing::counted;
use crate::store::{Census, DaemonBook, DaemonId, DaemonName, Heartbeat, Result, daemons};

#[async_trait]
impl<D: Dialect> DaemonBook for SqlStore<D> {
    async fn beat(&self, heartbeat: &Heartbeat) -> Result<Census> {
        write!(self, daemons::beat(heartbeat))
    }

    async fn leave(&self, daemon: &DaemonId) -> Result<()> {
        write!(self, daemons::leave(daemon))
    }

    async fn census(&self) -> Result<Census> {
        read!(self, daemons::census())
    }

    async fn place(&self, persona: &PersonaName, daemon: Option<&DaemonName>) -> Result<()> {
        write!(self, daemons::place(persona, daemon))
    }
}
