//! State that outlives the process: inbox, jobs, history, settings. The only place that knows SQL.
//!
//! One trait, two thin dialects under one set of statements, one behavioural suite that runs on both
//! (`server/tests/it/store.rs`). No transaction stays open across generation or a network call: a job is claimed,
//! committed, worked on, finished. Whoever routes, answers and sends shows the [`Lease`] under which it does; under one that
//! somebody else has taken since, nothing is changed any more ([`StoreError::Fenced`]).

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::chat::{ChatId, ChatKey, Conversation, MessageId, PersonaName, Seat, TransportKind, UserId};

pub use backup::{BackupError, Existing, backup};
pub use condition::{Condition, examine};
pub use connect::{connect, open};
pub use error::{Cause, Result, StoreError};
pub use jobs::MOST_AMBIENT;
pub use location::Location;
pub use operators::{AuditLog, ChatBook, Sessions};
pub use types::{
    Announce, ApiKey, AuditAction, AuditEntry, Author, Backlog, BotId, BusyChat, Census, ChatCursor, ChatQuery,
    ChatSettings, Claim, DaemonId, DaemonName, Effect, FailedJob, Failure, Finish, Forget, Forgotten, Heartbeat,
    HistoryMessage, Holding, Job, JobId, JobState, KeyHash, KnownChat, Lease, ListedChat, LoginLink, MOST_ATTEMPTS,
    NewAuditEntry, NewJob, NotedDaemon, Outcome, Pruned, RawUpdate, Recovered, Reply, Retention, Room, RoomMessage,
    Routed, Said, Sent, SettingsChange, SigningSecret, StoredUpdate, Subject, Taken, Tally, Trace, Tracer,
};
pub use writing::{Failing, Writing};

mod api_keys;
mod audit;
mod backlog;
mod backup;
mod bots;
mod chat_book;
mod condition;
mod connect;
mod daemons;
mod dialect;
mod effects;
mod error;
mod forget;
mod history;
mod inbox;
mod jobs;
mod leases;
mod location;
mod locks;
mod migration;
mod names;
mod operators;
mod pauses;
mod postgres;
mod prune;
mod queue;
mod rooms;
mod rows;
mod sessions;
mod settings;
mod sql;
mod sqlite;
mod tally;
mod timing;
mod types;
mod writing;

/// The state of all personas.
#[async_trait]
pub trait Store: Keyring + RoomStore + Sessions + AuditLog + ChatBook + DaemonBook {
    /// Asks the database whether it is there.
    async fn ping(&self) -> Result<()>;

    /// How the writes of this process fare; asks nothing of the database.
    fn writing(&self) -> Writing;

    /// Puts updates into a bot's inbox, all or none; those that are there already are left alone.
    /// Returns how many were new.
    async fn accept(&self, bot: BotId, updates: &[RawUpdate], now: OffsetDateTime) -> Result<u64>;

    /// The oldest unrouted update of each chat of this bot, but for the `busy` chats; oldest first. Updates without a chat
    /// count as one chat, written `None`.
    async fn unrouted(&self, bot: BotId, busy: &[Option<ChatId>], limit: u32) -> Result<Vec<StoredUpdate>>;

    /// Takes the right to serve a persona, with what its former holder left. `None` while somebody else has it, and lives.
    /// `holder` says who, by the id under which it notes itself ([`DaemonBook::beat`]) where it does.
    async fn take(
        &self,
        persona: &PersonaName,
        transport: TransportKind,
        holder: &str,
        now: OffsetDateTime,
    ) -> Result<Option<Taken>>;

    /// Whether a lease is still good. A lock that was lost with the database's connection is taken again, where nobody else
    /// has taken the persona meanwhile.
    async fn keeps(&self, lease: &Lease) -> Result<bool>;

    /// Gives a lease up, so that another daemon need not wait, and hands back what is still under way; whatever else is
    /// written under the lease is refused. Harmless when somebody has taken the persona already.
    async fn give_up(&self, lease: &Lease, now: OffsetDateTime) -> Result<Recovered>;

    /// The oldest unrouted updates of one chat of this bot, oldest first.
    async fn unrouted_in(&self, bot: BotId, chat: Option<ChatId>, limit: u32) -> Result<Vec<StoredUpdate>>;

    /// Applies routed updates, in order, in one transaction. Those that had been routed before change nothing; returns how
    /// many had not.
    async fn apply(&self, lease: &Lease, routed: &[Routed], now: OffsetDateTime) -> Result<u64>;

    /// How much waits.
    async fn backlog(&self) -> Result<Backlog>;

    /// What each persona has done lately, by name; those that nobody ever wrote to are left out.
    async fn tallies(&self, now: OffsetDateTime) -> Result<Vec<Tally>>;

    /// Ends the oldest pending jobs that nobody asked for as [`Outcome::Overloaded`], at most so many; returns how many.
    async fn shed(&self, count: u64, now: OffsetDateTime) -> Result<u64>;

    /// A chat's settings; `None` where nothing was ever set.
    async fn settings(&self, key: &ChatKey) -> Result<Option<ChatSettings>>;

    /// Notes whether the persona may write in a chat, and leaves whatever else the chat has set (a delivery that found it
    /// closed).
    async fn set_active(&self, key: &ChatKey, active: bool) -> Result<()>;

    /// Moves a chat outside of routing (a delivery that learned of a migration). Harmless when repeated.
    async fn migrate(&self, key: &ChatKey, to: ChatId) -> Result<()>;

    /// Notes which bot speaks for a persona. `true` when it was another one until now: its private chats and basic groups
    /// number their messages afresh, so ids of what was said there become negative, as with [`Effect::Migrate`].
    async fn take_over(&self, persona: &PersonaName, transport: TransportKind, bot: BotId) -> Result<bool>;

    /// Whether the persona doesn't answer this person.
    async fn is_blocked(&self, persona: &PersonaName, user: UserId) -> Result<bool>;

    /// The last `limit` messages of a conversation, in the order they were stored, oldest first.
    async fn history(&self, conversation: &Conversation, limit: u32) -> Result<Vec<HistoryMessage>>;

    /// One message of a chat, in whatever thread it stands.
    async fn message(&self, key: &ChatKey, id: MessageId) -> Result<Option<HistoryMessage>>;

    /// How many jobs a chat has had since then, but for notices and for those that got no reply of their own.
    async fn jobs_in_chat(&self, key: &ChatKey, since: OffsetDateTime) -> Result<u64>;

    /// How many jobs a person has caused since then, but for the same.
    async fn jobs_of_user(&self, persona: &PersonaName, user: UserId, since: OffsetDateTime) -> Result<u64>;

    /// Conversations at these seats that have a pending job and no reply under way (no job that is running, and none ready
    /// but notices). Directed jobs first, then by age of the oldest pending job.
    async fn waiting(&self, seats: &[Seat], limit: u32) -> Result<Vec<Conversation>>;

    /// The pending jobs of a conversation, oldest first, at most `limit` of the oldest directed ones and as many of the newest others.
    async fn pending(&self, conversation: &Conversation, limit: u32) -> Result<Vec<Job>>;

    /// Where a job's answer belongs now: its chat may have moved since the job was read. `None` when there is no such job.
    async fn conversation(&self, job: JobId) -> Result<Option<Conversation>>;

    /// Claims a job. `false`, and nothing changed, when the lead was not pending any more.
    async fn claim(&self, lease: &Lease, claim: &Claim, now: OffsetDateTime) -> Result<bool>;

    /// Stores the reply of a running job, which becomes ready. Of two replies the first wins.
    async fn ready(&self, lease: &Lease, job: JobId, reply: &Reply, now: OffsetDateTime) -> Result<()>;

    /// Gives a running job back: it becomes pending again, and so do those that share it.
    async fn release(&self, lease: &Lease, job: JobId) -> Result<()>;

    /// The oldest ready job of each chat at these seats, but for the `busy` chats and those paused now; oldest first.
    async fn deliverable(&self, seats: &[Seat], busy: &[ChatKey], now: OffsetDateTime, limit: u32) -> Result<Vec<Job>>;

    /// Notes that a ready reply is about to be sent, before the request goes out. Returns which attempt it is, counting
    /// from 1; `None`, and nothing changed, when the job is not ready.
    async fn begin_send(&self, lease: &Lease, job: JobId, now: OffsetDateTime) -> Result<Option<u32>>;

    /// Makes a job ready again whose send has ended without a delivery.
    async fn put_back(&self, lease: &Lease, job: JobId, sent: Sent) -> Result<()>;

    /// Lets nothing be delivered to a chat until then.
    async fn pause(&self, key: &ChatKey, now: OffsetDateTime, until: OffsetDateTime) -> Result<()>;

    /// Ends a job and those that share it, and puts the delivered reply into the history, in one transaction. Harmless when
    /// repeated: a job that has ended stays as it is.
    async fn finish(&self, lease: &Lease, finish: &Finish) -> Result<()>;

    /// Removes what is older or more than `retention` allows. Never an unrouted update or an unfinished job.
    async fn prune(&self, retention: &Retention, now: OffsetDateTime) -> Result<Pruned>;

    /// Deletes everything of a chat or a person, at any time and beside any daemon. What of others' jobs shared a reply with a
    /// deleted one is pending again.
    async fn forget(&self, forget: &Forget, tracer: &Tracer, now: OffsetDateTime) -> Result<Forgotten>;

    /// Gives up all leases and closes all connections.
    async fn close(&self);
}

/// Rooms of the daemon's own page: chats whose log is kept here.
#[async_trait]
pub trait RoomStore: Send + Sync + 'static {
    /// Opens a room with these personas in it.
    async fn open_room(&self, title: &str, personas: &[PersonaName], now: OffsetDateTime) -> Result<ChatId>;

    /// Closes a room for good, with its log; `false` where there was none. What its personas remember of it is
    /// [`Store::forget`]'s business.
    async fn close_room(&self, room: ChatId) -> Result<bool>;

    /// Lets a persona sit down; `false`, and nothing changed, where there is no such room.
    async fn sit_down(&self, room: ChatId, persona: &PersonaName) -> Result<bool>;

    /// Lets a persona leave; `false` where it didn't sit there.
    async fn leave_room(&self, room: ChatId, persona: &PersonaName) -> Result<bool>;

    /// All rooms, the oldest first; or the one of this number.
    async fn rooms(&self, only: Option<ChatId>) -> Result<Vec<Room>>;

    /// Messages of a room after this one, oldest first, at most `limit` of the newest.
    async fn room_messages(&self, room: ChatId, after: MessageId, limit: u32) -> Result<Vec<RoomMessage>>;

    /// Says something in a room: puts it into the log, and whatever `announce` makes of it into inboxes, in one transaction. An
    /// answer to a message that isn't there is none. `None`, and nothing changed, where there is no such room, or where the
    /// persona that speaks doesn't sit there.
    async fn say(&self, said: &Said, announce: &Announce, now: OffsetDateTime) -> Result<Option<RoomMessage>>;
}

/// Who may call the HTTP API from elsewhere.
#[async_trait]
pub trait Keyring: Send + Sync + 'static {
    /// Adds a key of the HTTP API; `false`, and nothing changed, where its name is or was another's.
    async fn add_api_key(&self, key: &ApiKey) -> Result<bool>;

    /// All keys of the HTTP API, revoked ones among them, by name.
    async fn api_keys(&self) -> Result<Vec<ApiKey>>;

    /// Revokes a key for good; `false` where there is none of this name that is good.
    async fn revoke_api_key(&self, name: &str, now: OffsetDateTime) -> Result<bool>;
}

/// The daemons that share a database.
#[async_trait]
pub trait DaemonBook: Send + Sync + 'static {
    /// Notes that a daemon lives, and what it can serve; returns what is known of all.
    async fn beat(&self, heartbeat: &Heartbeat) -> Result<Census>;

    /// Forgets a daemon that stops.
    async fn leave(&self, daemon: &DaemonId) -> Result<()>;

    /// What is known of all daemons.
    async fn census(&self) -> Result<Census>;

    /// Wants a persona at the daemon of this name from now on, or, with none, wherever it comes to be.
    async fn place(&self, persona: &PersonaName, daemon: Option<&DaemonName>) -> Result<()>;
}
