//! Calls of the Bot API in our own words, where teloxide's won't do: `getUpdates`, whose updates must be kept as they came,
//! and the webhook's, whose kinds of update teloxide doesn't all know.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::network;
use crate::config::secret::Secret;

/// How long to wait where Telegram floods without saying.
const FLOOD: Duration = Duration::from_secs(5);

/// One bot's calls.
#[derive(Clone)]
pub struct BotApi {
    http: reqwest::Client,
    base: Secret,
}

/// Why a call failed. Never holds the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The token was refused.
    #[error("the token was refused")]
    Unauthorized,
    /// Asked too often.
    #[error("flood control: try again in {} s", .0.as_secs())]
    Flood(Duration),
    /// Answered, but not done.
    #[error("{description}")]
    Refused {
        /// Like HTTP's.
        code: u16,
        /// In Telegram's words.
        description: String,
    },
    /// No answer, or none that could be read; whether the call was carried out is unknown.
    #[error("unreachable: {0}")]
    Unreachable(String),
}

#[derive(Deserialize)]
struct Answer<T> {
    ok: bool,
    result: Option<T>,
    error_code: Option<u16>,
    description: Option<String>,
    parameters: Option<Parameters>,
}

#[derive(Deserialize)]
struct Parameters {
    retry_after: Option<u64>,
}

impl BotApi {
    /// Calls with one token.
    pub fn new(token: &Secret, api_url: &url::Url, http: reqwest::Client) -> Self {
        let base = api_url.as_str().trim_end_matches('/');
        Self { http, base: Secret::new(format!("{base}/bot{}", token.expose())) }
    }

    /// Calls a method and waits as long as `patience` for its result.
    ///
    /// # Errors
    /// As [`CallError`] says.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        body: &Value,
        patience: Duration,
    ) -> Result<T, CallError> {
        let url = format!("{}/{method}", self.base.expose());
        let unreachable = |error: reqwest::Error| CallError::Unreachable(network(&error));
        let response = self.http.post(url).json(body).timeout(patience).send().await.map_err(unreachable)?;
        let status = response.status();
        let text = response.text().await.map_err(unreachable)?;
        read(&text).map_err(|error| match error {
            CallError::Unreachable(what) => CallError::Unreachable(format!("status {}, {what}", status.as_u16())),
            other => other,
        })
    }
}

/// Reads an answer.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, CallError> {
    let foreign = || CallError::Unreachable("and the answer is not the Bot API's".to_owned());
    let answer: Answer<T> = serde_json::from_str(text).map_err(|_| foreign())?;
    if answer.ok {
        return answer.result.ok_or_else(foreign);
    }
    Err(match answer.error_code.unwrap_or_default() {
        401 | 404 => CallError::Unauthorized,
        429 => {
            let seconds = answer.parameters.and_then(|parameters| parameters.retry_after);
            CallError::Flood(seconds.map_or(FLOOD, Duration::from_secs))
        }
        code => CallError::Refused { code, description: answer.description.unwrap_or_default() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        assert_eq!(read::<bool>(r#"{"ok":true,"result":true,"description":"Webhook was set"}"#), Ok(true));
        let refused = read::<bool>(r#"{"ok":false,"error_code":400,"description":"Bad Request: bad webhook"}"#);
        assert_eq!(refused, Err(CallError::Refused { code: 400, description: "Bad Request: bad webhook".to_owned() }));
        let flood = read::<bool>(r#"{"ok":false,"error_code":429,"parameters":{"retry_after":17}}"#);
        assert_eq!(flood, Err(CallError::Flood(Duration::from_secs(17))));
        assert_eq!(read::<bool>(r#"{"ok":false,"error_code":401}"#), Err(CallError::Unauthorized));
        for odd in ["<html>", "{}", r#"{"ok":true}"#, r#"{"ok":true,"result":5}"#] {
            assert!(matches!(read::<bool>(odd), Err(CallError::Unreachable(_))), "{odd}");
        }
    }
}
