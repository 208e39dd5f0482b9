//! `sendMessage`: what is sent, and what its answer means. See <https://core.telegram.org/bots/api#sendmessage>.

use std::time::Duration;

use serde_json::{Value, json};
use teloxide::ApiError;

use super::call::{Answer, CallError, Caller};
use super::error::refused;
use crate::chat::{ChatId, MessageId, ThreadId};
use crate::transport::{Outgoing, TransportError};

/// The topic every forum has; Telegram takes its id for chat actions and refuses it for messages.
const GENERAL_TOPIC: ThreadId = ThreadId(1);
/// How long an answer may take; it takes a fraction of a second.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait where a flood doesn't say.
const UNTOLD_FLOOD: Duration = Duration::from_secs(5);

/// Sends a message; returns its id, or `None` where it was accepted but its id could not be read.
pub(super) async fn send(caller: &Caller, outgoing: &Outgoing) -> Result<Option<MessageId>, TransportError> {
    match caller.call("sendMessage", &parameters(outgoing), PATIENCE).await {
        Ok(answer) => understand(&answer),
        Err(CallError::NotDone(told)) => Err(TransportError::Unreachable(told)),
        Err(CallError::Unknown(told)) => Err(TransportError::Unknown(told)),
    }
}

fn parameters(outgoing: &Outgoing) -> Value {
    let mut parameters = json!({
        "chat_id": outgoing.chat.id,
        "text": outgoing.text,
        "link_preview_options": { "is_disabled": true },
    });
    if let Some(thread) = outgoing.chat.thread.filter(|thread| *thread != GENERAL_TOPIC) {
        parameters["message_thread_id"] = json!(thread);
    }
    if let Some(message) = outgoing.reply_to.filter(|id| is_telegrams(*id)) {
        parameters["reply_parameters"] = json!({ "message_id": message, "allow_sending_without_reply": true });
    }
    parameters
}

/// Telegram's message ids fit 32 bits; one that doesn't is none of Telegram's. One below zero names a message of a group
/// that has become a supergroup: nothing that could be replied to.
fn is_telegrams(id: MessageId) -> bool {
    i32::try_from(id.0).is_ok_and(|id| id > 0)
}

fn understand(answer: &Answer) -> Result<Option<MessageId>, TransportError> {
    if answer.ok {
        let message: Option<Value> = answer.result.as_ref().and_then(|result| serde_json::from_str(result.get()).ok());
        return Ok(message.and_then(|message| message["message_id"].as_i64()).map(MessageId));
    }
    let description = answer.description().to_owned();
    if let Some(chat) = answer.parameters.and_then(|parameters| parameters.migrate_to_chat_id) {
        return Err(TransportError::Migrated(ChatId(chat)));
    }
    Err(match answer.error_code.unwrap_or_default() {
        429 => TransportError::Flood(answer.retry_after().unwrap_or(UNTOLD_FLOOD)),
        401 | 404 if !description.starts_with("Unauthorized:") => TransportError::Unauthorized,
        // A gateway that gave up waiting may have passed the message on.
        504 => TransportError::Unknown(description),
        409 | 500.. => TransportError::Unreachable(description),
        403 => TransportError::Forbidden(description),
        _ => match serde_json::from_value::<ApiError>(Value::from(description.as_str())) {
            Ok(error) => refused(&error),
            Err(_) => TransportError::Rejected(description),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::{ChatRef, TransportKind};

    fn outgoing(thread: Option<i64>, reply_to: i64) -> Outgoing {
        let chat = ChatRef { transport: TransportKind::Telegram, id: ChatId(-100), thread: thread.map(ThreadId) };
        Outgoing { chat, text: "<b>да</b>".to_owned(), reply_to: Some(MessageId(reply_to)) }
    }

    fn understood(text: &str) -> Result<Option<MessageId>, TransportError> {
        understand(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn a_message_is_plain_and_goes_even_if_what_it_answers_is_gone() {
        let expected = json!({
            "chat_id": -100, "text": "<b>да</b>", "link_preview_options": { "is_disabled": true },
            "message_thread_id": 7, "reply_parameters": { "message_id": 5, "allow_sending_without_reply": true },
        });
        assert_eq!(parameters(&outgoing(Some(7), 5)), expected);
        let bare = parameters(&outgoing(Some(1), -5));
        assert!(bare.get("message_thread_id").is_none() && bare.get("reply_parameters").is_none(), "{bare}");
    }

    #[test]
    fn answers_are_understood() {
        assert_eq!(understood(r#"{"ok":true,"result":{"message_id":7,"new":[]}}"#), Ok(Some(MessageId(7))));
        assert_eq!(understood(r#"{"ok":true,"result":true}"#), Ok(None));
        let flood =
            r#"{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":17}}"#;
        assert_eq!(understood(flood), Err(TransportError::Flood(Duration::from_secs(17))));
        let moved = r#"{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1005}}"#;
        assert_eq!(understood(moved), Err(TransportError::Migrated(ChatId(-1005))));
        let failed = |code: u16, text: &str| {
            understood(&json!({ "ok": false, "error_code": code, "description": text }).to_string()).unwrap_err()
        };
        assert_eq!(failed(401, "Unauthorized"), TransportError::Unauthorized);
        assert!(matches!(failed(403, "Forbidden: something new"), TransportError::Forbidden(_)));
        assert!(matches!(failed(400, "Bad Request: message thread not found"), TransportError::Rejected(_)));
        assert!(matches!(failed(500, "Internal Server Error"), TransportError::Unreachable(_)));
        assert!(matches!(failed(502, "Bad Gateway"), TransportError::Unreachable(_)));
        assert!(matches!(failed(504, "Gateway Timeout"), TransportError::Unknown(_)));
    }
}
