//! The Bot API's three methods about webhooks. In our own words, because teloxide doesn't know all kinds of update.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::doors::AT_ONCE;
use super::secret::WebhookSecret;
use crate::telegram::call::Caller;
use crate::telegram::envelope::ALLOWED_UPDATES;

/// How long one call may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a stop waits for Telegram to forget the address.
const PARTING: Duration = Duration::from_secs(5);
/// How long to wait where a flood doesn't say.
const UNTOLD_FLOOD: Duration = Duration::from_secs(5);

/// Why a call failed. Never holds the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failed {
    #[error("the token was refused")]
    Unauthorized,
    #[error("flood control: try again in {} s", .0.as_secs())]
    Flood(Duration),
    #[error("{0}")]
    Otherwise(String),
}

/// `WebhookInfo`, as far as we read it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Info {
    pub(super) url: String,
    pub(super) pending_update_count: u64,
    pub(super) last_error_date: Option<i64>,
    pub(super) last_error_message: Option<String>,
}

/// Tells Telegram where updates go from now on. What waits there goes there too.
pub(super) async fn set(caller: &Caller, url: &str, secret: &WebhookSecret) -> Result<(), Failed> {
    let parameters = json!({
        "url": url, "secret_token": secret.expose(), "allowed_updates": ALLOWED_UPDATES, "max_connections": AT_ONCE,
    });
    call(caller, "setWebhook", &parameters, PATIENCE).await.map(drop)
}

/// Asks how the webhook fares.
pub(super) async fn info(caller: &Caller) -> Result<Info, Failed> {
    let unreadable = |_| Failed::Otherwise("the answer is not the Bot API's".to_owned());
    serde_json::from_str(&call(caller, "getWebhookInfo", &json!({}), PATIENCE).await?).map_err(unreadable)
}

/// Takes the address back. What has not been delivered Telegram keeps.
pub(super) async fn delete(caller: &Caller) -> Result<(), Failed> {
    call(caller, "deleteWebhook", &json!({}), PARTING).await.map(drop)
}

async fn call(caller: &Caller, method: &str, parameters: &Value, patience: Duration) -> Result<String, Failed> {
    let answer =
        caller.call(method, parameters, patience).await.map_err(|error| Failed::Otherwise(error.to_string()))?;
    match (answer.ok, answer.error_code) {
        (true, _) => Ok(answer.result.map(|result| result.get().to_owned()).unwrap_or_default()),
        (false, Some(401 | 404)) => Err(Failed::Unauthorized),
        (false, Some(429)) => Err(Failed::Flood(answer.retry_after().unwrap_or(UNTOLD_FLOOD))),
        (false, _) => Err(Failed::Otherwise(answer.description().to_owned())),
    }
}
