//! What can go wrong: the Bot API's refusals with their codes and exact texts, and a test's waits.

use std::time::Duration;

use serde_json::{Value, json};

use crate::ids::ChatId;

/// A refusal as the Bot API puts it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ApiError {
    BadRequest(String),
    Unauthorized,
    Forbidden(String),
    NotFound,
    MethodNotFound,
    OtherPoller,
    SetWebhookCame,
    WebhookActive,
    TooManyRequests { retry_after: u32 },
    Migrated { to: ChatId },
    Server(u16),
}

impl ApiError {
    pub(crate) fn bad(text: &str) -> Self {
        Self::BadRequest(text.to_owned())
    }

    pub(crate) fn code(&self) -> u16 {
        match self {
            Self::BadRequest(_) | Self::Migrated { .. } => 400,
            Self::Unauthorized => 401,
            Self::Forbidden(_) => 403,
            Self::NotFound | Self::MethodNotFound => 404,
            Self::OtherPoller | Self::SetWebhookCame | Self::WebhookActive => 409,
            Self::TooManyRequests { .. } => 429,
            Self::Server(code) => *code,
        }
    }

    fn description(&self) -> String {
        match self {
            Self::BadRequest(text) => format!("Bad Request: {text}"),
            Self::Unauthorized => "Unauthorized".to_owned(),
            Self::Forbidden(text) => format!("Forbidden: {text}"),
            Self::NotFound => "Not Found".to_owned(),
            Self::MethodNotFound => "Not Found: method not found".to_owned(),
            Self::OtherPoller => "Conflict: terminated by other getUpdates request; make sure that only one bot \
                                  instance is running"
                .to_owned(),
            Self::SetWebhookCame => "Conflict: terminated by setWebhook request".to_owned(),
            Self::WebhookActive => "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook \
                                    to delete the webhook first"
                .to_owned(),
            Self::TooManyRequests { retry_after } => {
                format!("Too Many Requests: retry after {retry_after}")
            }
            Self::Migrated { .. } => "Bad Request: group chat was upgraded to a supergroup chat".to_owned(),
            Self::Server(502) => "Bad Gateway".to_owned(),
            Self::Server(_) => "Internal Server Error".to_owned(),
        }
    }

    /// The whole envelope.
    pub(crate) fn body(&self) -> Value {
        let mut body = json!({ "ok": false, "error_code": self.code(), "description": self.description() });
        match self {
            Self::TooManyRequests { retry_after } => {
                body["parameters"] = json!({ "retry_after": retry_after });
            }
            Self::Migrated { to } => body["parameters"] = json!({ "migrate_to_chat_id": to }),
            _ => {}
        }
        body
    }
}

/// What a test waited for did not happen.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("nothing of the kind happened within {0:?}")]
pub struct WaitTimeout(pub Duration);
