//! Statements of what chats have set, and of whom personas don't answer.

use super::dialect::{Dialect, Session, values};
use super::{ChatSettings, Result, rows};
use crate::chat::{ChatKey, Language, PersonaName, UserId};

/// A chat's settings.
pub(super) async fn get<D: Dialect>(session: &mut Session<'_, D>, key: &ChatKey) -> Result<Option<ChatSettings>> {
    let sql = format!(
        "select {columns} from chats where persona = $1 and transport = $2 and chat_id = $3",
        columns = rows::SETTINGS
    );
    let row = session.row(sql, values![&key.persona, key.transport, key.chat]).await?;
    row.as_ref().map(rows::settings).transpose()
}

/// Writes a chat's settings, all of them.
pub(super) async fn put<D: Dialect>(
    session: &mut Session<'_, D>,
    key: &ChatKey,
    settings: &ChatSettings,
) -> Result<()> {
    let sql = "insert into chats (persona, transport, chat_id, insanity, chance, context_length, language, quiet_until,
                                  active, told_off, former_id)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
               on conflict (persona, transport, chat_id) do update set
                   insanity = excluded.insanity, chance = excluded.chance, context_length = excluded.context_length,
                   language = excluded.language, quiet_until = excluded.quiet_until, active = excluded.active,
                   told_off = excluded.told_off, former_id = excluded.former_id";
    let values = values![
        &key.persona,
        key.transport,
        key.chat,
        settings.insanity,
        settings.chance,
        settings.context_length.map(i64::from),
        settings.language.map(Language::as_str),
        settings.quiet_until,
        settings.active,
        settings.told_off,
        settings.former_id,
    ];
    session.execute(sql, values).await?;
    Ok(())
}

/// Sets whether a chat is active, and nothing else.
pub(super) async fn set_active<D: Dialect>(session: &mut Session<'_, D>, key: &ChatKey, active: bool) -> Result<()> {
    let sql = "insert into chats (persona, transport, chat_id, active, told_off) values ($1, $2, $3, $4, $5)
               on conflict (persona, transport, chat_id) do update set active = excluded.active";
    session.execute(sql, values![&key.persona, key.transport, key.chat, active, false]).await?;
    Ok(())
}

/// Whether the persona doesn't answer this person.
pub(super) async fn is_blocked<D: Dialect>(
    session: &mut Session<'_, D>,
    persona: &PersonaName,
    user: UserId,
) -> Result<bool> {
    let sql = "select user_id from blocks where persona = $1 and user_id = $2";
    Ok(session.row(sql, values![persona, user]).await?.is_some())
}

/// Blocks a person, or no longer.
pub(super) async fn block<D: Dialect>(
    session: &mut Session<'_, D>,
    persona: &PersonaName,
    user: UserId,
    blocked: bool,
) -> Result<()> {
    let sql = if blocked {
        "insert into blocks (persona, user_id) values ($1, $2) on conflict do nothing"
    } else {
        "delete from blocks where persona = $1 and user_id = $2"
    };
    session.execute(sql, values![persona, user]).await?;
    Ok(())
}
