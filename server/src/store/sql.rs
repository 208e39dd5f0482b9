//! The store over either database: opens a connection or a transaction for each call and hands it to the module that
//! knows the statements, and notes how the writes fare. Holds no statement.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sqlx::Pool;
use sqlx::pool::PoolConnection;
use time::OffsetDateTime;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::dialect::{Dialect, Session};
use super::error::StoreError;
use super::locks::Locks;
use super::timing::counted;
use super::writing::{WriteLog, Writing};
use super::{
    Backlog, BotId, ChatSettings, Claim, Finish, Forget, Forgotten, HistoryMessage, Job, JobId, Lease, Pruned,
    RawUpdate, Recovered, Reply, Result, Retention, Routed, Sent, Store, StoredUpdate, Taken, Tally, Tracer, backlog,
    bots, effects, forget, history, inbox, jobs, leases, migration, pauses, prune, queue, settings, tally,
};
use crate::chat::{ChatId, ChatKey, Conversation, MessageId, PersonaName, Seat, TransportKind, UserId};

/// The store over one of the two databases.
pub(super) struct SqlStore<D: Dialect> {
    readers: Pool<D>,
    writers: Pool<D>,
    locks: D::Locks,
    writes: WriteLog,
}

/// How long a call may take once it has its connection. It takes milliseconds, unless the database has fallen silent.
const DEADLINE: Duration = Duration::from_secs(15);

/// Runs one call without a transaction: it is a single statement that only reads.
macro_rules! read {
    ($store:ident, $module:ident::$function:ident($($argument:expr),*)) => {{
        let work = async {
            let mut connection = $store.reader().await?;
            let work = async { $module::$function(&mut Session::<D>::on(&mut connection), $($argument),*).await };
            let done = timeout(DEADLINE, work).await;
            in_time(done, &mut connection)
        };
        counted(stringify!($module), work).await
    }};
}

/// Runs one call in a transaction of its own; an error rolls it back.
macro_rules! write {
    ($store:ident, $module:ident::$function:ident($($argument:expr),*)) => {{
        let under_way = $store.writes.begin(Instant::now());
        let done = async {
            let mut connection = $store.writer().await?;
            let work = async {
                let mut transaction = D::begin(&mut connection).await?;
                let result = $module::$function(&mut Session::<D>::on(&mut transaction), $($argument),*).await?;
                transaction.commit().await?;
                Ok(result)
            };
            let done = timeout(DEADLINE, work).await;
            in_time(done, &mut connection)
        };
        let done = counted(stringify!($module), done).await;
        under_way.end(Instant::now(), done)
    }};
}

/// The result of a call that kept the deadline. One that didn't takes its connection along, for nobody knows its state. So
/// does one that found the database in trouble: a session of PostgreSQL may stay read-only when the database no longer is,
/// and SQLite ends a transaction by itself where the disk is full, which the driver doesn't learn.
fn in_time<D: Dialect, T>(
    done: std::result::Result<Result<T>, Elapsed>,
    connection: &mut PoolConnection<D>,
) -> Result<T> {
    match done {
        Err(_) => {
            connection.close_on_drop();
            Err(sqlx::Error::Io(std::io::Error::new(ErrorKind::TimedOut, "the database doesn't answer")).into())
        }
        Ok(Err(StoreError::Unavailable(cause))) if !cause.is_contention() => {
            connection.close_on_drop();
            Err(StoreError::Unavailable(cause))
        }
        Ok(result) => result,
    }
}

// Behind the macros, which it uses.
mod console;
mod daemons;
mod keyring;
mod rooms;

impl<D: Dialect> SqlStore<D> {
    /// The store over these connections, whose pools may be the same, and these locks.
    pub(super) fn new(readers: Pool<D>, writers: Pool<D>, locks: D::Locks) -> Self {
        Self { readers, writers, locks, writes: WriteLog::default() }
    }

    /// A connection for statements that only read.
    pub(super) async fn reader(&self) -> Result<PoolConnection<D>> {
        Ok(self.readers.acquire().await?)
    }

    /// A connection for a transaction that writes.
    pub(super) async fn writer(&self) -> Result<PoolConnection<D>> {
        Ok(self.writers.acquire().await?)
    }
}

impl<D: Dialect> SqlStore<D> {
    async fn raise(
        &self,
        persona: &PersonaName,
        transport: TransportKind,
        holder: &str,
        now: OffsetDateTime,
    ) -> Result<Taken> {
        write!(self, leases::take(persona, transport, holder, now))
    }

    async fn latest_epoch(&self, lease: &Lease) -> Result<i64> {
        read!(self, leases::latest(lease))
    }
}

#[async_trait]
impl<D: Dialect> Store for SqlStore<D> {
    async fn ping(&self) -> Result<()> {
        read!(self, backlog::ping())
    }

    fn writing(&self) -> Writing {
        self.writes.at(Instant::now())
    }

    async fn accept(&self, bot: BotId, updates: &[RawUpdate], now: OffsetDateTime) -> Result<u64> {
        write!(self, inbox::accept(bot, updates, now))
    }

    async fn unrouted(&self, bot: BotId, busy: &[Option<ChatId>], limit: u32) -> Result<Vec<StoredUpdate>> {
        read!(self, inbox::unrouted(bot, busy, limit))
    }

    async fn unrouted_in(&self, bot: BotId, chat: Option<ChatId>, limit: u32) -> Result<Vec<StoredUpdate>> {
        read!(self, inbox::unrouted_in(bot, chat, limit))
    }

    async fn backlog(&self) -> Result<Backlog> {
        read!(self, backlog::count())
    }

    async fn tallies(&self, now: OffsetDateTime) -> Result<Vec<Tally>> {
        read!(self, tally::tallies(now))
    }

    async fn shed(&self, count: u64, now: OffsetDateTime) -> Result<u64> {
        write!(self, jobs::shed(count, now))
    }

    async fn apply(&self, lease: &Lease, routed: &[Routed], now: OffsetDateTime) -> Result<u64> {
        write!(self, effects::apply(lease, routed, now))
    }

    async fn settings(&self, key: &ChatKey) -> Result<Option<ChatSettings>> {
        read!(self, settings::get(key))
    }

    async fn set_active(&self, key: &ChatKey, active: bool) -> Result<()> {
        write!(self, settings::set_active(key, active))
    }

    async fn migrate(&self, key: &ChatKey, to: ChatId) -> Result<()> {
        write!(self, migration::migrate(key, to))
    }

    async fn take(
        &self,
        persona: &PersonaName,
        transport: TransportKind,
        holder: &str,
        now: OffsetDateTime,
    ) -> Result<Option<Taken>> {
        let name = persona.at(transport).to_string();
        if !self.locks.try_lock(&name).await? {
            return Ok(None);
        }
        let taken = self.raise(persona, transport, holder, now).await;
        if taken.is_err() {
            self.locks.unlock(&name).await;
        }
        taken.map(Some)
    }

    async fn keeps(&self, lease: &Lease) -> Result<bool> {
        let name = lease.seat().to_string();
        if !self.locks.holds(&name).await? && !self.locks.try_lock(&name).await? {
            return Ok(false);
        }
        // Whoever had the lock meanwhile has raised the epoch.
        let keeps = self.latest_epoch(lease).await? == lease.epoch;
        if !keeps {
            self.locks.unlock(&name).await;
        }
        Ok(keeps)
    }

    async fn give_up(&self, lease: &Lease, now: OffsetDateTime) -> Result<Recovered> {
        let left = write!(self, leases::give_up(lease, now));
        self.locks.unlock(&lease.seat().to_string()).await;
        left
    }

    async fn take_over(&self, persona: &PersonaName, transport: TransportKind, bot: BotId) -> Result<bool> {
        write!(self, bots::take_over(persona, transport, bot))
    }

    async fn is_blocked(&self, persona: &PersonaName, user: UserId) -> Result<bool> {
        read!(self, settings::is_blocked(persona, user))
    }

    async fn history(&self, conversation: &Conversation, limit: u32) -> Result<Vec<HistoryMessage>> {
        read!(self, history::latest(conversation, limit))
    }

    async fn message(&self, key: &ChatKey, id: MessageId) -> Result<Option<HistoryMessage>> {
        read!(self, history::message(key, id))
    }

    async fn jobs_in_chat(&self, key: &ChatKey, since: OffsetDateTime) -> Result<u64> {
        read!(self, queue::count_in_chat(key, since))
    }

    async fn jobs_of_user(&self, persona: &PersonaName, user: UserId, since: OffsetDateTime) -> Result<u64> {
        read!(self, queue::count_of_user(persona, user, since))
    }

    async fn waiting(&self, seats: &[Seat], limit: u32) -> Result<Vec<Conversation>> {
        read!(self, queue::waiting(seats, limit))
    }

    async fn pending(&self, conversation: &Conversation, limit: u32) -> Result<Vec<Job>> {
        read!(self, queue::pending(conversation, limit))
    }

    async fn conversation(&self, job: JobId) -> Result<Option<Conversation>> {
        read!(self, queue::conversation(job))
    }

    async fn claim(&self, lease: &Lease, claim: &Claim, now: OffsetDateTime) -> Result<bool> {
        write!(self, jobs::claim(lease, claim, now))
    }

    async fn ready(&self, lease: &Lease, job: JobId, reply: &Reply, now: OffsetDateTime) -> Result<()> {
        write!(self, jobs::ready(lease, job, reply, now))
    }

    async fn release(&self, lease: &Lease, job: JobId) -> Result<()> {
        write!(self, jobs::release(lease, job))
    }

    async fn deliverable(&self, seats: &[Seat], busy: &[ChatKey], now: OffsetDateTime, limit: u32) -> Result<Vec<Job>> {
        read!(self, queue::deliverable(seats, busy, now, limit))
    }

    async fn begin_send(&self, lease: &Lease, job: JobId, now: OffsetDateTime) -> Result<Option<u32>> {
        write!(self, jobs::begin_send(lease, job, now))
    }

    async fn put_back(&self, lease: &Lease, job: JobId, sent: Sent) -> Result<()> {
        write!(self, jobs::put_back(lease, job, sent))
    }

    async fn pause(&self, key: &ChatKey, now: OffsetDateTime, until: OffsetDateTime) -> Result<()> {
        write!(self, pauses::set(key, now, until))
    }

    async fn finish(&self, lease: &Lease, finish: &Finish) -> Result<()> {
        write!(self, jobs::finish(lease, finish))
    }

    async fn prune(&self, retention: &Retention, now: OffsetDateTime) -> Result<Pruned> {
        counted("prune", prune::prune(self, retention, now)).await
    }

    async fn forget(&self, forget: &Forget, tracer: &Tracer, now: OffsetDateTime) -> Result<Forgotten> {
        counted("forget", forget::forget(self, forget, tracer, now)).await
    }

    async fn close(&self) {
        self.locks.close().await;
        self.readers.close().await;
        self.writers.close().await;
    }
}
