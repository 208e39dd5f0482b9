//! What Telegram says of a bot while nobody need serve it, for `maskarad doctor`. Changes nothing and confirms nothing.

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::call::{Answer, Caller};
use super::poll::{PollError, read_answer};
use crate::chat::{Me, UserId};
use crate::config::secret::Secret;

/// How long one call may take, beyond what it waits by itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks about one bot.
pub struct Probe {
    caller: Caller,
}

/// Why there is nothing to tell. Never holds the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// The token was refused.
    #[error("Telegram refuses the token")]
    Refused,
    /// No answer, or none that could be read.
    #[error("{0}")]
    Unreachable(String),
}

/// How far the server's clock is ahead of this machine's, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ahead(pub i64);

/// Where a bot's updates are brought.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Webhook {
    /// Empty where none is set. Its path may be a secret.
    pub url: String,
    /// What could not be delivered last, if anything ever.
    pub last_error_message: Option<String>,
}

/// `User`, as far as it is asked for.
#[derive(Deserialize)]
struct User {
    id: i64,
    #[serde(default)]
    username: String,
    #[serde(default)]
    can_read_all_group_messages: bool,
}

impl Probe {
    /// Of the bot with this token.
    pub fn new(token: &Secret, api_url: &url::Url, http: reqwest::Client) -> Self {
        Self { caller: Caller::new(token, api_url, http) }
    }

    /// Who the bot is, and what time the server has, where it says so.
    ///
    /// # Errors
    /// As [`ProbeError`] says.
    pub async fn me(&self) -> Result<(Me, Option<Ahead>), ProbeError> {
        let asked = SystemTime::now();
        let called = self.caller.call_dated("getMe", &json!({}), PATIENCE).await;
        let took = asked.elapsed().unwrap_or_default();
        let (answer, date) = called.map_err(|error| ProbeError::Unreachable(error.to_string()))?;
        let user: User = read(answer)?;
        let me = Me {
            id: UserId(user.id),
            username: user.username,
            can_read_all_group_messages: user.can_read_all_group_messages,
        };
        Ok((me, date.map(|date| ahead(date, asked + took / 2))))
    }

    /// Where its updates are brought.
    ///
    /// # Errors
    /// As [`ProbeError`] says.
    pub async fn webhook(&self) -> Result<Webhook, ProbeError> {
        let called = self.caller.call("getWebhookInfo", &json!({}), PATIENCE).await;
        read(called.map_err(|error| ProbeError::Unreachable(error.to_string()))?)
    }

    /// Whether somebody else polls. With `wait` it waits like a poller, which ends the poll of whoever else does, and notices
    /// when that one comes again. Without an offset nothing is confirmed: whatever it brings stays with Telegram.
    ///
    /// # Errors
    /// Above all [`PollError::OtherPoller`] and [`PollError::Webhook`].
    pub async fn poll(&self, wait: Duration) -> Result<(), PollError> {
        let body = json!({ "limit": 1, "timeout": wait.as_secs() });
        let called = self.caller.call("getUpdates", &body, wait + PATIENCE).await;
        read_answer(called.map_err(|error| PollError::Unreachable(error.to_string()))?).map(drop)
    }
}

fn read<T: DeserializeOwned>(answer: Answer) -> Result<T, ProbeError> {
    match (answer.ok, answer.error_code) {
        (true, _) => {
            let result = answer.result.map_or(Value::Null, |result| {
                // Whatever can't be read is no answer of the Bot API's.
                serde_json::from_str(result.get()).unwrap_or_default()
            });
            serde_json::from_value(result)
                .map_err(|_| ProbeError::Unreachable("the answer is not the Bot API's".to_owned()))
        }
        (false, Some(401 | 404)) => Err(ProbeError::Refused),
        (false, _) => Err(ProbeError::Unreachable(answer.description().to_owned())),
    }
}

fn ahead(server: SystemTime, here: SystemTime) -> Ahead {
    let seconds = |span: Duration| i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
    match server.duration_since(here) {
        Ok(ahead) => Ahead(seconds(ahead)),
        Err(behind) => Ahead(-seconds(behind.duration())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_compared_both_ways() {
        let here = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        assert_eq!(ahead(here + Duration::from_secs(40), here), Ahead(40));
        assert_eq!(ahead(here - Duration::from_secs(40), here), Ahead(-40));
    }

    #[test]
    fn refusals_and_nonsense_are_told_apart() {
        let read = |text| read::<User>(serde_json::from_str(text).unwrap()).map(|user| user.id);
        assert_eq!(read(r#"{"ok":true,"result":{"id":7}}"#), Ok(7));
        assert_eq!(read(r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#), Err(ProbeError::Refused));
        assert!(matches!(read(r#"{"ok":true,"result":[]}"#), Err(ProbeError::Unreachable(_))));
        assert!(matches!(read(r#"{"ok":true}"#), Err(ProbeError::Unreachable(_))));
    }
}
