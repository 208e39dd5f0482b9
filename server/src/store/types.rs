//! The plain data that goes into the store and comes out of it. Knows no SQL and decides nothing.

pub use api_key::{ApiKey, KeyHash};
pub use audit::{AuditAction, AuditEntry, NewAuditEntry};
pub use backlog::Backlog;
pub use chat_book::{BusyChat, ChatCursor, ChatQuery, FailedJob, KnownChat, ListedChat, SettingsChange};
pub use daemons::{Census, DaemonId, DaemonName, Heartbeat, Holding, NotedDaemon};
pub use effect::{Effect, Routed};
pub use forget::{Forget, Forgotten, Subject, Trace, Tracer};
pub use job::{Claim, Finish, Job, JobId, JobState, MOST_ATTEMPTS, NewJob, Outcome, Reply, Sent};
pub use lease::{Lease, Recovered, Taken};
pub use message::{Author, HistoryMessage};
pub use retention::{Pruned, Retention};
pub use room::{Announce, Room, RoomMessage, Said};
pub use session::{LoginLink, SigningSecret};
pub use settings::ChatSettings;
pub use tally::{Failure, Tally};
pub use update::{BotId, RawUpdate, StoredUpdate};

mod api_key;
mod audit;
mod backlog;
mod chat_book;
mod daemons;
mod effect;
mod forget;
mod job;
mod lease;
mod message;
mod retention;
mod room;
mod session;
mod settings;
mod tally;
mod update;
