//! Statements of what was said.

use time::OffsetDateTime;

use super::dialect::{Dialect, Session, values};
use super::queue::path;
use super::{Author, HistoryMessage, Result, rows};
use crate::chat::{ChatKey, Conversation, MessageId};

/// Keeps other transactions from changing what was said in this chat until the end of this one: without it, a reply could
/// be remembered while its conversation is forgotten, and stay behind.
pub(super) async fn lock<D: Dialect>(session: &mut Session<'_, D>, key: &ChatKey) -> Result<()> {
    if let Some(sql) = D::LOCK {
        session.row(sql, values![path(key).as_str()]).await?;
    }
    Ok(())
}

/// Adds a message; one that is there already stays as it is.
pub(super) async fn remember<D: Dialect>(
    session: &mut Session<'_, D>,
    message: &HistoryMessage,
    now: OffsetDateTime,
) -> Result<()> {
    let sql = "insert into messages (persona, transport, chat_id, thread_id, message_id, author_id, author_name, text,
                                     sent_at, stored_at, reply_to)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
               on conflict (persona, transport, chat_id, message_id) do nothing";
    let (author, name) = match &message.author {
        Author::Persona => (None, ""),
        Author::Other { id, name } => (Some(id.0), name.as_str()),
    };
    let chat = message.conversation.chat;
    let values = values![
        &message.conversation.persona,
        chat.transport,
        chat.id,
        chat.thread,
        message.id,
        author,
        name,
        message.text.as_str(),
        message.sent_at,
        now,
        message.reply_to,
    ];
    session.execute(sql, values).await?;
    Ok(())
}

/// Replaces the text of a message, in whatever thread it stands.
pub(super) async fn edit<D: Dialect>(
    session: &mut Session<'_, D>,
    key: &ChatKey,
    message: MessageId,
    text: &str,
) -> Result<()> {
    let sql = "update messages set text = $5
               where persona = $1 and transport = $2 and chat_id = $3 and message_id = $4";
    session.execute(sql, values![&key.persona, key.transport, key.chat, message, text]).await?;
    Ok(())
}

/// Deletes all messages of a conversation.
pub(super) async fn forget<D: Dialect>(session: &mut Session<'_, D>, conversation: &Conversation) -> Result<()> {
    let sql = "delete from messages where persona = $1 and transport = $2 and chat_id = $3 and thread_id = $4";
    let chat = conversation.chat;
    session.execute(sql, values![&conversation.persona, chat.transport, chat.id, chat.thread]).await?;
    Ok(())
}

/// The last messages of a conversation, oldest first.
pub(super) async fn latest<D: Dialect>(
    session: &mut Session<'_, D>,
    conversation: &Conversation,
    limit: u32,
) -> Result<Vec<HistoryMessage>> {
    let sql = format!(
        "select {columns} from messages
         where persona = $1 and transport = $2 and chat_id = $3 and thread_id = $4
         order by seq desc limit $5",
        columns = rows::MESSAGE
    );
    let chat = conversation.chat;
    let values = values![&conversation.persona, chat.transport, chat.id, chat.thread, limit];
    session.rows(sql, values).await?.iter().rev().map(rows::message).collect()
}

/// One message of a chat, in whatever thread it stands.
pub(super) async fn message<D: Dialect>(
    session: &mut Session<'_, D>,
    key: &ChatKey,
    id: MessageId,
) -> Result<Option<HistoryMessage>> {
    let sql = format!(
        "select {columns} from messages
         where persona = $1 and transport = $2 and chat_id = $3 and message_id = $4",
        columns = rows::MESSAGE
    );
    let row = session.row(sql, values![&key.persona, key.transport, key.chat, id]).await?;
    row.as_ref().map(rows::message).transpose()
}
