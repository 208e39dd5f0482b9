//! What a failed call of the Bot API means for us.

use teloxide::{ApiError, RequestError};

use crate::chat::ChatId;
use crate::transport::TransportError;

/// Translates teloxide's error. Never holds the token: network errors print their URL, and the URL holds it.
pub(super) fn translate(error: RequestError) -> TransportError {
    match error {
        RequestError::RetryAfter(seconds) => TransportError::Flood(seconds.duration()),
        RequestError::MigrateToChatId(id) => TransportError::Migrated(ChatId(id.0)),
        RequestError::Api(ApiError::InvalidToken) => TransportError::Unauthorized,
        RequestError::Api(error) => refused(&error),
        RequestError::Network(error) => TransportError::Unreachable(network(&error)),
        RequestError::InvalidJson { .. } => TransportError::Unreachable("the answer is not the Bot API's".to_owned()),
        RequestError::Io(error) => TransportError::Unreachable(error.to_string()),
    }
}

/// Several real refusals come out as [`ApiError::Unknown`], so the text decides.
pub(super) fn refused(error: &ApiError) -> TransportError {
    let text = error.to_string();
    let gone = matches!(
        error,
        ApiError::BotBlocked
            | ApiError::BotKicked
            | ApiError::BotKickedFromSupergroup
            | ApiError::BotKickedFromChannel
            | ApiError::UserDeactivated
            | ApiError::CantInitiateConversation
            | ApiError::CantTalkWithBots
            | ApiError::GroupDeactivated
    );
    let plain = unquoted(&text);
    if gone || plain.starts_with("Forbidden") || plain.starts_with("Unauthorized:") {
        return TransportError::Forbidden(plain);
    }
    let transient = ["Internal Server Error", "Bad Gateway", "Gateway Timeout", "restart", "Conflict"];
    if transient.iter().any(|word| plain.contains(word)) {
        return TransportError::Unreachable(plain);
    }
    TransportError::Rejected(plain)
}

/// `ApiError::Unknown` prints its text as `Unknown error: "…"`.
fn unquoted(text: &str) -> String {
    text.trim_start_matches("Unknown error: ").trim_matches('"').to_owned()
}

/// A network error without its URL: kind and cause.
pub(super) fn network(error: &reqwest::Error) -> String {
    use std::error::Error as _;
    let kind = if error.is_timeout() {
        "timed out"
    } else if error.is_connect() {
        "no connection"
    } else if error.is_decode() || error.is_body() {
        "the answer broke off"
    } else {
        "the request failed"
    };
    let mut cause = error.source();
    while let Some(deeper) = cause.and_then(std::error::Error::source) {
        cause = Some(deeper);
    }
    match cause {
        Some(cause) => format!("{kind}: {cause}"),
        None => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(text: &str) -> TransportError {
        let error: ApiError = serde_json::from_value(serde_json::Value::from(text)).unwrap();
        translate(RequestError::Api(error))
    }

    #[test]
    fn forbidden_is_known_in_all_its_texts() {
        for text in [
            "Forbidden: bot was blocked by the user",
            "Forbidden: bot was kicked from the group chat",
            "Forbidden: bot is not a member of the supergroup chat",
            "Forbidden: user is deactivated",
            "Forbidden: bot can't initiate conversation with a user",
        ] {
            assert!(matches!(api(text), TransportError::Forbidden(_)), "{text}: {:?}", api(text));
        }
    }

    #[test]
    fn a_bad_request_is_final_and_a_server_error_is_not() {
        assert!(matches!(api("Bad Request: message thread not found"), TransportError::Rejected(_)));
        assert!(matches!(api("Bad Request: chat not found"), TransportError::Rejected(_)));
        assert!(matches!(api("Internal Server Error"), TransportError::Unreachable(_)));
        assert!(matches!(api("Bad Gateway"), TransportError::Unreachable(_)));
    }

    #[test]
    fn a_revoked_token_is_known() {
        assert_eq!(api("Unauthorized"), TransportError::Unauthorized);
    }

    #[tokio::test]
    async fn a_network_error_never_prints_the_token() {
        let error = reqwest::get("http://127.0.0.1:9/bot123456:SECRET/getMe").await.unwrap_err();
        assert!(error.to_string().contains("SECRET"), "the danger is real: {error}");
        assert!(!network(&error).contains("SECRET"), "{}", network(&error));
        let ours = translate(RequestError::Network(std::sync::Arc::new(error)));
        assert!(!format!("{ours:?} {ours}").contains("SECRET"), "{ours}");
    }
}
