//! One call of the Bot API in our own words: for polling, because the raw JSON of updates must be kept, and for sending,
//! because it matters whether a call that failed may have been carried out.

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::error::network;
use crate::config::secret::Secret;

/// Calls the methods of one bot.
#[derive(Clone)]
pub struct Caller {
    http: reqwest::Client,
    /// Up to the method's name; holds the token.
    base: Secret,
}

/// What the Bot API answered; see <https://core.telegram.org/bots/api#making-requests>.
#[derive(Debug, Deserialize)]
pub struct Answer {
    /// Whether the call was carried out.
    pub ok: bool,
    /// What came of it.
    pub result: Option<Box<RawValue>>,
    /// An HTTP status.
    pub error_code: Option<u16>,
    /// What was wrong, in English.
    pub description: Option<String>,
    /// What may be done about it.
    pub parameters: Option<Parameters>,
}

/// What may be done about a failure.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Parameters {
    /// Wait so many seconds.
    pub retry_after: Option<u64>,
    /// The group is a supergroup now, with this id.
    pub migrate_to_chat_id: Option<i64>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The call was not carried out: no connection, or a server that says it could not.
    #[error("{0}")]
    NotDone(String),
    /// The call went out, and nobody knows what became of it.
    #[error("{0}")]
    Unknown(String),
}

impl Caller {
    /// Calls of the bot with this token.
    pub fn new(token: &Secret, api_url: &url::Url, http: reqwest::Client) -> Self {
        let base = api_url.as_str().trim_end_matches('/');
        Self { http, base: Secret::new(format!("{base}/bot{}/", token.expose())) }
    }

    /// Calls a method.
    ///
    /// # Errors
    /// Where there is no answer of the Bot API's; a refusal is an answer.
    pub async fn call(&self, method: &str, parameters: &Value, timeout: Duration) -> Result<Answer, CallError> {
        self.call_dated(method, parameters, timeout).await.map(|(answer, _)| answer)
    }

    /// The same, with the time that the server's `Date` header tells.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn call_dated(
        &self,
        method: &str,
        parameters: &Value,
        timeout: Duration,
    ) -> Result<(Answer, Option<SystemTime>), CallError> {
        let url = format!("{}{method}", self.base.expose());
        let response = self.http.post(url).json(parameters).timeout(timeout).send().await.map_err(|error| {
            let not_done = error.is_connect() || error.is_builder();
            let told = network(&error);
            if not_done { CallError::NotDone(told) } else { CallError::Unknown(told) }
        })?;
        let status = response.status();
        let date = response.headers().get(reqwest::header::DATE).and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| httpdate::parse_http_date(date).ok());
        let text = response.text().await.map_err(|error| CallError::Unknown(network(&error)))?;
        let answer = serde_json::from_str(&text).map_err(|_| unreadable(status))?;
        Ok((answer, date))
    }
}

/// A gateway that gave up waiting may have passed the call on; other server errors say that it was not carried out.
fn unreadable(status: reqwest::StatusCode) -> CallError {
    let told = format!("status {status}, and the answer is not the Bot API's");
    let not_done = !status.is_success() && status != reqwest::StatusCode::GATEWAY_TIMEOUT;
    if not_done { CallError::NotDone(told) } else { CallError::Unknown(told) }
}

impl Answer {
    /// What was wrong, or nothing.
    pub fn description(&self) -> &str {
        self.description.as_deref().unwrap_or_default()
    }

    /// How long to wait before the next call.
    pub fn retry_after(&self) -> Option<Duration> {
        self.parameters.and_then(|parameters| parameters.retry_after).map(Duration::from_secs)
    }
}
