//! What a persona has done lately.

use serde::Serialize;
use time::OffsetDateTime;

use super::Outcome;
use crate::chat::PersonaName;

/// What a persona has done lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Who.
    pub persona: PersonaName,
    /// Chats whose messages are remembered, and that it may write in.
    pub chats: u64,
    /// Replies in the last day.
    pub replies_day: u64,
    /// Replies in the last hour.
    pub replies_hour: u64,
    /// The last job within a day that should have been answered and could not.
    pub last_failure: Option<Failure>,
}

/// A job that should have been answered and could not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// When it ended.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// How it ended.
    #[serde(serialize_with = "name")]
    pub outcome: Outcome,
    /// Why; never a message's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

fn name<S: serde::Serializer>(outcome: &Outcome, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(outcome.as_str())
}
