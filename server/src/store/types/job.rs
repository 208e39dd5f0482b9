//! A message that deserves an answer, from acceptance to its end.

use time::OffsetDateTime;

use super::HistoryMessage;
use crate::chat::{ChatKind, Conversation, MessageId, UserId};
use crate::request::RequestId;
use crate::trigger::Trigger;

/// Sends of one reply whose outcome nobody knows; after so many it isn't sent again.
pub const MOST_ATTEMPTS: u32 = 2;

/// A row of the jobs table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub i64);

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
    /// What the log calls the message.
    pub request: RequestId,
    /// When the message was accepted.
    pub created_at: OffsetDateTime,
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
    /// What the log calls the message; `None` where a former release has written the job.
    pub request: Option<RequestId>,
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
    /// It is being sent: from before the request goes out until its outcome is recorded.
    Sending,
    /// Finished; the outcome says how.
    Done,
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

/// How a send ended that delivered nothing for certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It was not accepted: it doesn't count as an attempt.
    Refused,
    /// Nobody knows whether it was accepted.
    Unknown,
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
    /// It was sent [`MOST_ATTEMPTS`] times, and nobody knows whether it arrived.
    Unknown,
    /// Too much waited, and this was what mattered least.
    Overloaded,
}
