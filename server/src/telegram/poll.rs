//! `getUpdates` in our own words, because the raw JSON of each update must be kept.

use std::time::Duration;

use serde_json::value::RawValue;

use super::call::{Answer, CallError, Caller};
use super::envelope::{ALLOWED_UPDATES, open};
use crate::config::secret::Secret;
use crate::store::RawUpdate;

/// How long one call waits for news, in seconds; Telegram allows 50.
const LONG_POLL: u64 = 30;
/// How much longer the connection may take than the call.
const GRACE: Duration = Duration::from_secs(15);
/// How long to wait where a flood doesn't say.
const UNTOLD_FLOOD: Duration = Duration::from_secs(5);
/// Why a poll brought nothing.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PollError {
    /// Somebody else polls with this token.
    #[error("somebody else polls with this token")]
    OtherPoller,
    /// A webhook is set.
    #[error("a webhook is set for this bot")]
    Webhook,
    /// The token was refused.
    #[error("the token was refused")]
    Unauthorized,
    /// Asked too often.
    #[error("flood control: try again in {} s", .0.as_secs())]
    Flood(Duration),
    /// No answer, or none that could be read.
    #[error("unreachable: {0}")]
    Unreachable(String),
}

/// What a poll brought.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The updates, as they came.
    pub updates: Vec<RawUpdate>,
    /// How many had no id that could be read; they can't be stored.
    pub unreadable: usize,
}

impl Batch {
    /// Whether the poll brought nothing at all.
    pub fn is_empty(&self) -> bool {
        self.updates.is_empty() && self.unreadable == 0
    }

    /// The offset that confirms this batch; `None` when there is none. Telegram counts its updates from above zero, and
    /// would take a negative offset as leave to forget all but the last few.
    pub fn next_offset(&self) -> Option<i64> {
        let last = self.updates.iter().map(|update| update.update_id).max();
        last.map(|last| last.saturating_add(1)).filter(|offset| *offset > 0)
    }
}

/// Asks one bot's updates.
#[derive(Clone)]
pub struct Poller {
    caller: Caller,
}

impl Poller {
    /// A poller for one token.
    pub fn new(token: &Secret, api_url: &url::Url, http: reqwest::Client) -> Self {
        Self { caller: Caller::new(token, api_url, http) }
    }

    /// One long poll. An `offset` confirms every update before it; `None` reads from the first unconfirmed one.
    ///
    /// # Errors
    /// As [`PollError`] says.
    pub async fn poll(&self, offset: Option<i64>) -> Result<Batch, PollError> {
        let body = serde_json::json!({
            "offset": offset, "limit": 100, "timeout": LONG_POLL, "allowed_updates": ALLOWED_UPDATES,
        });
        // Asking twice does no harm, so it doesn't matter whether a call that failed was carried out.
        let called = self.caller.call("getUpdates", &body, Duration::from_secs(LONG_POLL) + GRACE).await;
        let unreachable = |error: CallError| PollError::Unreachable(error.to_string());
        read_answer(called.map_err(unreachable)?)
    }
}

/// What the answer to `getUpdates` means.
pub(super) fn read_answer(answer: Answer) -> Result<Batch, PollError> {
    match (answer.ok, answer.error_code) {
        (true, _) => {
            let updates = answer.result.map(|result| serde_json::from_str(result.get()));
            let unreadable = |_| PollError::Unreachable("the updates are not a list".to_owned());
            Ok(batch(updates.transpose().map_err(unreadable)?.unwrap_or_default()))
        }
        (false, Some(401 | 404)) => Err(PollError::Unauthorized),
        (false, Some(409)) if answer.description().contains("webhook") => Err(PollError::Webhook),
        (false, Some(409)) => Err(PollError::OtherPoller),
        (false, Some(429)) => Err(PollError::Flood(answer.retry_after().unwrap_or(UNTOLD_FLOOD))),
        (false, _) => Err(PollError::Unreachable(answer.description().to_owned())),
    }
}

/// One bad update never blocks the others: what has an id is kept as it is, whatever else it holds.
fn batch(raw: Vec<Box<RawValue>>) -> Batch {
    let mut batch = Batch::default();
    for update in raw {
        match open(update.get()) {
            Some(update) => batch.updates.push(update),
            None => batch.unreadable += 1,
        }
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Result<Batch, PollError> {
        read_answer(serde_json::from_str::<Answer>(text).unwrap())
    }

    #[test]
    fn a_bad_update_does_not_block_the_others() {
        let batch = answer(r#"{"ok":true,"result":[{"update_id":7,"message":12},5,{"update_id":9,"new_kind":{}}]}"#);
        let batch = batch.unwrap();
        assert_eq!(batch.updates.iter().map(|update| update.update_id).collect::<Vec<_>>(), [7, 9]);
        assert_eq!(batch.unreadable, 1);
        assert_eq!(batch.next_offset(), Some(10));
    }

    #[test]
    fn an_id_is_read_however_deep_the_rest_is() {
        let deep = format!("{}0{}", "[".repeat(10_000), "]".repeat(10_000));
        let batch = answer(&format!(r#"{{"ok":true,"result":[{{"x":{deep},"update_id":7}}]}}"#)).unwrap();
        assert_eq!((batch.updates.len(), batch.unreadable, batch.next_offset()), (1, 0, Some(8)));
    }

    #[test]
    fn an_id_that_is_none_of_telegrams_is_left_out_and_confirms_nothing_else() {
        for id in ["9223372036854775808", "1e3", "\"7\"", "null", "[]"] {
            let batch = answer(&format!(r#"{{"ok":true,"result":[{{"update_id":{id}}}]}}"#)).unwrap();
            assert_eq!((batch.unreadable, batch.next_offset()), (1, None), "{id}");
        }
        for (id, offset) in [("-7", None), ("-1", None), ("0", Some(1)), ("9223372036854775807", Some(i64::MAX))] {
            let batch = answer(&format!(r#"{{"ok":true,"result":[{{"update_id":{id}}}]}}"#)).unwrap();
            assert_eq!((batch.unreadable, batch.next_offset()), (0, offset), "{id}");
        }
    }

    #[test]
    fn conflicts_are_told_apart() {
        let webhook = r#"{"ok":false,"error_code":409,"description":"Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"}"#;
        let other = r#"{"ok":false,"error_code":409,"description":"Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"}"#;
        assert_eq!(answer(webhook), Err(PollError::Webhook));
        assert_eq!(answer(other), Err(PollError::OtherPoller));
    }

    #[test]
    fn flood_and_revocation_are_known() {
        let flood =
            r#"{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":17}}"#;
        assert_eq!(answer(flood), Err(PollError::Flood(Duration::from_secs(17))));
        assert_eq!(
            answer(r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#),
            Err(PollError::Unauthorized)
        );
    }
}
