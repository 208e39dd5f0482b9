//! From rows to types. A value we would never write is an error that names its column.

use time::OffsetDateTime;

use super::dialect::StoredRow;
use super::error::{Result, StoreError};
use super::names::parse_chat_kind;
use super::{Author, BotId, ChatSettings, HistoryMessage, Job, JobId, Outcome, RawUpdate, Reply, StoredUpdate};
use crate::chat::{
    ChatId, ChatKey, ChatRef, Conversation, Language, MessageId, PersonaName, ThreadId, TransportKind, UserId,
};
use crate::request::RequestId;
use crate::trigger::Trigger;

/// The columns that [`update`] reads.
pub(super) const UPDATE: &str = "bot_id, update_id, chat_id, raw, received_at";
/// The columns that [`conversation`] reads.
pub(super) const CONVERSATION: &str = "persona, transport, chat_id, thread_id";
/// The columns that [`message`] reads.
pub(super) const MESSAGE: &str =
    "persona, transport, chat_id, thread_id, message_id, author_id, author_name, text, sent_at, reply_to";
/// The columns that [`settings`] reads.
pub(super) const SETTINGS: &str = "insanity, chance, context_length, language, quiet_until, active, told_off, \
                                   former_id";
/// The columns that [`job`] reads.
pub(super) const JOB: &str = "id, persona, transport, chat_id, thread_id, chat_kind, message_id, sender_id, trigger_kind, \
                              seed, reply, reply_outcome, reason, created_at, request";

/// An update of the inbox.
pub(super) fn update(row: &impl StoredRow) -> Result<StoredUpdate> {
    Ok(StoredUpdate {
        bot: BotId(integer(row, "bot_id")?),
        update: RawUpdate {
            update_id: integer(row, "update_id")?,
            chat: row.integer("chat_id")?.map(ChatId),
            raw: text(row, "raw")?,
        },
        received_at: time(row, "received_at")?,
    })
}

/// A persona's name.
pub(super) fn persona(row: &impl StoredRow) -> Result<PersonaName> {
    word(row, "persona", PersonaName::parse)
}

/// A persona in one place.
pub(super) fn conversation(row: &impl StoredRow) -> Result<Conversation> {
    let ChatKey { persona, transport, chat } = chat_key(row)?;
    let thread = Some(integer(row, "thread_id")?).filter(|&id| id != 0).map(ThreadId);
    Ok(Conversation { persona, chat: ChatRef { transport, id: chat, thread } })
}

/// A persona in one chat.
pub(super) fn chat_key(row: &impl StoredRow) -> Result<ChatKey> {
    Ok(ChatKey {
        persona: word(row, "persona", PersonaName::parse)?,
        transport: word(row, "transport", TransportKind::parse)?,
        chat: ChatId(integer(row, "chat_id")?),
    })
}

/// A message of the history.
pub(super) fn message(row: &impl StoredRow) -> Result<HistoryMessage> {
    let author = match row.integer("author_id")? {
        Some(id) => Author::Other { id: UserId(id), name: text(row, "author_name")? },
        None => Author::Persona,
    };
    Ok(HistoryMessage {
        conversation: conversation(row)?,
        id: MessageId(integer(row, "message_id")?),
        author,
        text: text(row, "text")?,
        sent_at: time(row, "sent_at")?,
        reply_to: row.integer("reply_to")?.map(MessageId),
    })
}

/// What a chat has set.
pub(super) fn settings(row: &impl StoredRow) -> Result<ChatSettings> {
    let context_length = row
        .integer("context_length")?
        .map(|length| u8::try_from(length).map_err(|_| corrupt("context_length", &length.to_string())));
    Ok(ChatSettings {
        insanity: row.boolean("insanity")?,
        chance: row.real("chance")?,
        context_length: context_length.transpose()?,
        language: optional_word(row, "language", Language::parse)?,
        quiet_until: row.time("quiet_until")?,
        active: required(row.boolean("active")?, "active")?,
        told_off: required(row.boolean("told_off")?, "told_off")?,
        former_id: row.integer("former_id")?.map(ChatId),
    })
}

/// A job.
pub(super) fn job(row: &impl StoredRow) -> Result<Job> {
    Ok(Job {
        id: JobId(integer(row, "id")?),
        conversation: conversation(row)?,
        chat_kind: word(row, "chat_kind", parse_chat_kind)?,
        message: MessageId(integer(row, "message_id")?),
        sender: UserId(integer(row, "sender_id")?),
        trigger: word(row, "trigger_kind", Trigger::parse)?,
        seed: integer(row, "seed")?,
        reply: reply(row)?,
        // A label for the log; one that another release has made is no reason to leave a job alone.
        request: row.text("request")?.as_deref().and_then(RequestId::parse),
        created_at: time(row, "created_at")?,
    })
}

fn reply(row: &impl StoredRow) -> Result<Option<Reply>> {
    let Some(text) = row.text("reply")? else { return Ok(None) };
    Ok(Some(Reply { text, outcome: word(row, "reply_outcome", Outcome::parse)?, reason: row.text("reason")? }))
}

/// An integer that is never null.
pub(super) fn integer(row: &impl StoredRow, column: &'static str) -> Result<i64> {
    required(row.integer(column)?, column)
}

/// A text that is never null.
pub(super) fn text(row: &impl StoredRow, column: &'static str) -> Result<String> {
    required(row.text(column)?, column)
}

/// An instant that is always there.
pub(super) fn time(row: &impl StoredRow, column: &'static str) -> Result<OffsetDateTime> {
    required(row.time(column)?, column)
}

/// A word that `parse` knows.
pub(super) fn word<T>(row: &impl StoredRow, column: &'static str, parse: fn(&str) -> Option<T>) -> Result<T> {
    required(optional_word(row, column, parse)?, column)
}

/// The same, or null.
pub(super) fn optional_word<T>(
    row: &impl StoredRow,
    column: &'static str,
    parse: fn(&str) -> Option<T>,
) -> Result<Option<T>> {
    let read = |text: String| parse(&text).ok_or_else(|| corrupt(column, &text));
    row.text(column)?.map(read).transpose()
}

fn required<T>(value: Option<T>, column: &'static str) -> Result<T> {
    value.ok_or_else(|| corrupt(column, "null"))
}

fn corrupt(column: &'static str, value: &str) -> StoreError {
    StoreError::Corrupt { column, value: value.to_owned() }
}
