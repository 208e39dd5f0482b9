//! Which bot speaks for a persona, and what becomes of message ids when it is another one.

use super::dialect::{Dialect, Session, StoredRow, values};
use super::{BotId, Result, rows};
use crate::chat::{PersonaName, TransportKind};

/// Chats below this number their messages for everyone alike (Telegram's supergroups and channels); in all others each
/// account counts for itself.
const SHARED_NUMBERING: i64 = -1_000_000_000_000;
/// Far beyond any real message id, and near enough that no sum of a few of them overflows.
const FARTHEST: i64 = 1 << 60;

/// Notes which bot speaks for a persona; `true` when it was another one until now, whose messages made way.
pub(super) async fn take_over<D: Dialect>(
    session: &mut Session<'_, D>,
    persona: &PersonaName,
    transport: TransportKind,
    bot: BotId,
) -> Result<bool> {
    let known = "select bot_id from bots where persona = $1 and transport = $2";
    let row = session.row(known, values![persona, transport]).await?;
    let former = row.map(|row| rows::integer(&row, "bot_id")).transpose()?;
    if former == Some(bot.0) {
        return Ok(false);
    }
    let note = "insert into bots (persona, transport, bot_id) values ($1, $2, $3)
                on conflict (persona, transport) do update set bot_id = excluded.bot_id";
    session.execute(note, values![persona, transport, bot]).await?;
    if former.is_some() {
        make_way(session, persona, transport).await?;
    }
    Ok(former.is_some())
}

/// Moves all message ids below those that there are: no two of them meet, not even on the way.
async fn make_way<D: Dialect>(
    session: &mut Session<'_, D>,
    persona: &PersonaName,
    transport: TransportKind,
) -> Result<()> {
    let here = "persona = $1 and transport = $2 and chat_id > $3";
    for table in ["messages", "jobs"] {
        let sql = format!("delete from {table} where {here} and (message_id < $4 or message_id > $5)");
        session.execute(sql, values![persona, transport, SHARED_NUMBERING, -FARTHEST, FARTHEST]).await?;
    }
    let sql = format!(
        "select min(message_id) as lowest, max(message_id) as highest from (
             select message_id from messages where {here} union all select message_id from jobs where {here}) as ids"
    );
    let Some(row) = session.row(sql, values![persona, transport, SHARED_NUMBERING]).await? else { return Ok(()) };
    let lowest = row.integer("lowest")?.unwrap_or(0).min(0);
    let highest = row.integer("highest")?.unwrap_or(0).max(0);
    let distance = highest - lowest + 1;
    let values = values![persona, transport, SHARED_NUMBERING, distance];
    session.execute(format!("update jobs set message_id = message_id - $4 where {here}"), values).await?;
    let messages = format!(
        "update messages set message_id = message_id - $4,
                reply_to = case when abs(reply_to / 2) < $5 then reply_to - $4 end where {here}"
    );
    session.execute(messages, values![persona, transport, SHARED_NUMBERING, distance, FARTHEST / 2]).await?;
    Ok(())
}
