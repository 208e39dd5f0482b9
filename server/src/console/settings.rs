//! What operators, and visitors of a room, set for a persona in a chat. It is noted before it is made, and counts from the next message on.

use crate::api::{ApiError, Caller};
use crate::app::App;
use crate::chat::{ChatKey, TransportKind};
use crate::settings::LONGEST_CONTEXT;
use crate::store::{AuditAction, NewAuditEntry, SettingsChange};

/// Makes a change; whether the chat is there is for others to know.
///
/// # Errors
/// 400 for what can't be set, 503 where the store is away.
pub(super) async fn change(app: &App, caller: &Caller, key: &ChatKey, change: SettingsChange) -> Result<(), ApiError> {
    if change.context_length.flatten().is_some_and(|length| length > LONGEST_CONTEXT) {
        return Err(ApiError::invalid("context_length", format!("0 to {LONGEST_CONTEXT}")));
    }
    let word = |on: bool| if on { "on" } else { "off" }.to_owned();
    let details = [
        (AuditAction::Insanity, change.insanity.map(|set| set.map(word))),
        (AuditAction::ContextLength, change.context_length.map(|set| set.map(|length| length.to_string()))),
    ];
    for (action, detail) in details {
        if let Some(detail) = detail {
            let detail = detail.unwrap_or_else(|| "manifest".to_owned());
            let entry = NewAuditEntry::new(app.clock.now(), caller.who(), action);
            app.store.note(&NewAuditEntry { detail, ..entry.of_chat(key) }).await?;
        }
    }
    app.store.change_settings(key, &change).await?;
    app.forget_settings(key).await;
    if key.transport == TransportKind::Web {
        app.rooms.changed(key.chat);
    }
    Ok(())
}
