//! State that outlives the process: inbox, jobs, history, settings. The only place that knows SQL.
//!
//! One trait, two thin dialects under one set of statements, one behavioural suite that runs on both
//! (`server/tests/it/store.rs`). No transaction stays open across generation or a network call: a job is claimed,
//! committed, worked on, finished.

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::chat::{ChatId, ChatKey, ChatKind, Conversation, Language, MessageId, PersonaName, UserId};
use crate::trigger::Trigger;

pub use connect::{connect, open};
pub use error::{Cause, Result, StoreError};
pub use location::Location;

mod connect;
mod dialect;
mod effects;
mod error;
mod history;
mod inbox;
mod jobs;
mod location;
mod migration;
mod names;
mod postgres;
mod prune;
mod queue;
mod rows;
mod settings;
mod sql;
mod sqlite;

/// The user id a bot token belongs to; the inbox is keyed by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BotId(pub i64);

/// A row of the jobs table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub i64);

/// An update as its transport sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawUpdate {
    /// The transport's id for it; unique for a bot for about a week.
    pub update_id: i64,
    /// The chat it belongs to, so that order is kept per chat; `None` where it has none.
    pub chat: Option<ChatId>,
    /// The raw JSON.
    pub raw: String,
}

/// An update that waits to be routed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredUpdate {
    /// Whose inbox it is in.
    pub bot: BotId,
    /// The update.
    pub update: RawUpdate,
    /// When it was stored.
    pub received_at: OffsetDateTime,
}

/// A message in the history of one persona.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryMessage {
    /// Whose history, and where.
    pub conversation: Conversation,
    /// The message's id within the chat.
    pub id: MessageId,
    /// Who wrote it.
    pub author: Author,
    /// Its text or caption, unaltered.
    pub text: String,
    /// When it was written.
    pub sent_at: OffsetDateTime,
    /// What it answers.
    pub reply_to: Option<MessageId>,
}

/// Who wrote a message of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// The persona itself.
    Persona,
    /// Anybody else.
    Other {
        /// Their id.
        id: UserId,
        /// Their name when they wrote it.
        name: String,
    },
}

/// What a chat has set for itself; `None` means the manifest's default.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatSettings {
    /// Answer everything.
    pub insanity: Option<bool>,
    /// Probability of answering a message that nothing else triggers, 0 to 1.
    pub chance: Option<f64>,
    /// How many earlier messages the prompt holds, 0 to 50.
    pub context_length: Option<u8>,
    /// Language of the daemon's own texts.
    pub language: Option<Language>,
    /// Until when the persona keeps silent unless addressed.
    pub quiet_until: Option<OffsetDateTime>,
    /// False once the persona was blocked or removed.
    pub active: bool,
    /// Whether the chat was told that the persona may not stay.
    pub told_off: bool,
    /// The group this supergroup was before it migrated; a manifest may still name it so.
    pub former_id: Option<ChatId>,
}

impl Default for ChatSettings {
    fn default() -> Self {
        Self {
            insanity: None,
            chance: None,
            context_length: None,
            language: None,
            quiet_until: None,
            active: true,
            told_off: false,
            former_id: None,
        }
    }
}

/// A job to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// Who is to answer, and where.
    pub conversation: Conversation,
    /// What kind of chat it is.
    pub chat_kind: ChatKind,
    /// The message to answer.
    pub message: MessageId,
    /// Who wrote it.
    pub sender: UserId,
    /// Why it deserves an answer.
    pub trigger: Trigger,
    /// Seed of the generation; a job that runs twice says the same.
    pub seed: i64,
    /// A ready text ([`Trigger::Notice`]): such a job is born [`JobState::Ready`].
    pub notice: Option<String>,
    /// When the message was accepted.
    pub created_at: OffsetDateTime,
}

/// Where a job is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobState {
    /// Waits to be claimed.
    Pending,
    /// A reply is being made.
    Running,
    /// The reply is stored and waits to be sent.
    Ready,
    /// Finished; the outcome says how.
    Done,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A generated reply was delivered.
    Answered,
    /// The manifest's fallback was delivered, because nothing usable was generated.
    Fallback,
    /// One reply answered this message together with another one.
    Shared,
    /// A newer message was answered instead (insanity and chance only).
    Coalesced,
    /// Nothing usable was generated, and nobody had addressed the persona.
    Discarded,
    /// The chat doesn't take messages from the persona any more.
    Forbidden,
    /// The transport refused the reply for good.
    Rejected,
    /// The message was gone before it was answered (`/reset`).
    Reset,
    /// The persona is no longer served, or can't generate.
    Failed,
}

/// A job as the store holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its row.
    pub id: JobId,
    /// Who is to answer, and where.
    pub conversation: Conversation,
    /// What kind of chat it is.
    pub chat_kind: ChatKind,
    /// The message to answer.
    pub message: MessageId,
    /// Who wrote it.
    pub sender: UserId,
    /// Why it deserves an answer.
    pub trigger: Trigger,
    /// Seed of the generation.
    pub seed: i64,
    /// The reply, once it is made.
    pub reply: Option<Reply>,
    /// When the message was accepted.
    pub created_at: OffsetDateTime,
}

/// A reply that is stored and waits to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// What to send.
    pub text: String,
    /// How the job ends once it is sent: [`Outcome::Answered`] or [`Outcome::Fallback`].
    pub outcome: Outcome,
    /// Why it is a fallback.
    pub reason: Option<String>,
}

/// What is decided about the pending jobs of one conversation; see `queue::plan`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The job whose message is answered; becomes [`JobState::Running`].
    pub lead: JobId,
    /// Jobs the same reply answers; they go wherever the lead goes, and end with it: as [`Outcome::Shared`] when its reply
    /// was delivered, else as the lead does.
    pub shared: Vec<JobId>,
    /// Jobs that end at once as [`Outcome::Coalesced`].
    pub coalesced: Vec<JobId>,
}

/// One change that a routed update makes.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Add a message to the history. A message that is there already stays as it is.
    Remember(HistoryMessage),
    /// An edit: replace the text of a message, in whatever thread it stands.
    Edit {
        /// Whose history.
        key: ChatKey,
        /// Which message.
        message: MessageId,
        /// Its new text.
        text: String,
    },
    /// Replace a chat's settings.
    Settings(ChatKey, ChatSettings),
    /// Write a job, unless its message has one already; notices are always written.
    Enqueue(NewJob),
    /// Forget a conversation: its history, and its pending jobs (which end as [`Outcome::Reset`]), but for those that the
    /// same update enqueued.
    Reset(Conversation),
    /// A group became a supergroup: settings, history and unfinished jobs move. What the new chat has set for itself wins.
    ///
    /// The supergroup numbers its messages afresh, so the old message ids would collide with other messages: on the way
    /// they become negative, and name nothing that could be replied to.
    Migrate {
        /// The chat as it was.
        key: ChatKey,
        /// Its new id.
        to: ChatId,
    },
    /// The persona no longer answers this person (or does again).
    Block {
        /// Which persona.
        persona: PersonaName,
        /// Whom.
        user: UserId,
        /// True to block, false to unblock.
        blocked: bool,
    },
}

/// An update with all it changes; applied in one transaction, at most once.
#[derive(Clone, Debug, PartialEq)]
pub struct Routed {
    /// Whose inbox.
    pub bot: BotId,
    /// Which update.
    pub update_id: i64,
    /// What became of it, in a word, for the inbox row and the metrics.
    pub outcome: &'static str,
    /// The changes, in order.
    pub effects: Vec<Effect>,
}

/// How a job ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finish {
    /// The job.
    pub job: JobId,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, where the outcome alone doesn't say. Never a token, never a message's text.
    pub reason: Option<String>,
    /// The reply as it was delivered, for the history. Absent for notices and failures.
    pub delivered: Option<HistoryMessage>,
    /// When.
    pub at: OffsetDateTime,
}

/// How long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Age of messages since they were stored, in days (default 30).
    pub message_days: u32,
    /// Messages kept in one chat (default 500).
    pub messages_per_chat: u32,
    /// Age of updates since they were routed, in hours (default 48: update ids may restart).
    pub inbox_hours: u32,
    /// Age of jobs since they ended, in days (default 30).
    pub job_days: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { message_days: 30, messages_per_chat: 500, inbox_hours: 48, job_days: 30 }
    }
}

/// What pruning removed, in rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Messages.
    pub messages: u64,
    /// Routed updates.
    pub updates: u64,
    /// Finished jobs.
    pub jobs: u64,
}

/// The state of all personas.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Asks the database whether it is there.
    async fn ping(&self) -> Result<()>;

    /// Puts updates into a bot's inbox, all or none; those that are there already are left alone.
    /// Returns how many were new.
    async fn accept(&self, bot: BotId, updates: &[RawUpdate], now: OffsetDateTime) -> Result<u64>;

    /// The oldest unrouted update of each chat of this bot, but for the `busy` chats; oldest first. Updates without a chat
    /// count as one chat, written `None`.
    async fn unrouted(&self, bot: BotId, busy: &[Option<ChatId>], limit: u32) -> Result<Vec<StoredUpdate>>;

    /// Applies a routed update in one transaction. `false`, and nothing changed, when it had been routed before.
    async fn apply(&self, routed: &Routed, now: OffsetDateTime) -> Result<bool>;

    /// A chat's settings; `None` where nothing was ever set.
    async fn settings(&self, key: &ChatKey) -> Result<Option<ChatSettings>>;

    /// Writes a chat's settings outside of routing (a delivery that found the chat closed).
    async fn put_settings(&self, key: &ChatKey, settings: &ChatSettings) -> Result<()>;

    /// Moves a chat outside of routing (a delivery that learned of a migration). Harmless when repeated.
    async fn migrate(&self, key: &ChatKey, to: ChatId) -> Result<()>;

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

    /// Conversations of these personas that have a pending job and no reply under way (no job that is running, and none ready
    /// but notices). Directed jobs first, then by age of the oldest pending job.
    async fn waiting(&self, personas: &[PersonaName], limit: u32) -> Result<Vec<Conversation>>;

    /// The pending jobs of a conversation, oldest first, at most `limit` of the oldest directed ones and as many of the newest others.
    async fn pending(&self, conversation: &Conversation, limit: u32) -> Result<Vec<Job>>;

    /// Claims a job. `false`, and nothing changed, when the lead was not pending any more.
    async fn claim(&self, claim: &Claim, now: OffsetDateTime) -> Result<bool>;

    /// Stores the reply of a running job, which becomes ready. Of two replies the first wins.
    async fn ready(&self, job: JobId, reply: &Reply, now: OffsetDateTime) -> Result<()>;

    /// Gives a running job back: it becomes pending again, and so do those that share it.
    async fn release(&self, job: JobId) -> Result<()>;

    /// Gives back every running job of these personas, at start; returns how many there were.
    async fn recover(&self, personas: &[PersonaName]) -> Result<u64>;

    /// The oldest ready job of each chat of these personas, but for the `busy` chats; oldest first.
    async fn deliverable(&self, personas: &[PersonaName], busy: &[ChatKey], limit: u32) -> Result<Vec<Job>>;

    /// Ends a job and those that share it, and puts the delivered reply into the history, in one transaction. Harmless when
    /// repeated: a job that has ended stays as it is.
    async fn finish(&self, finish: &Finish) -> Result<()>;

    /// Removes what is older or more than `retention` allows. Never an unrouted update or an unfinished job.
    async fn prune(&self, retention: &Retention, now: OffsetDateTime) -> Result<Pruned>;

    /// Closes all connections.
    async fn close(&self);
}
