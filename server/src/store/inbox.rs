//! Statements of the inbox: what arrived, and what of it waits to be routed.

use time::OffsetDateTime;

use super::dialect::{Dialect, Session, Value, values};
use super::{BotId, RawUpdate, Result, Routed, StoredUpdate, rows};
use crate::chat::ChatId;

/// Updates in one statement; five parameters each, far below what either database takes.
const BATCH: usize = 100;

/// Puts updates into the inbox; returns how many were new.
pub(super) async fn accept<D: Dialect>(
    session: &mut Session<'_, D>,
    bot: BotId,
    updates: &[RawUpdate],
    now: OffsetDateTime,
) -> Result<u64> {
    let mut new = 0;
    for batch in updates.chunks(BATCH) {
        let rows: Vec<String> = (0..batch.len()).map(|row| parameters(row * 5)).collect();
        let sql = format!(
            "insert into inbox (bot_id, update_id, chat_id, raw, received_at) values {} on conflict do nothing",
            rows.join(", ")
        );
        let values: Vec<Value<'_>> = batch
            .iter()
            .flat_map(|update| {
                let raw = update.raw.as_str();
                [bot.into(), update.update_id.into(), update.chat.into(), raw.into(), now.into()]
            })
            .collect();
        new += session.execute(sql, &values).await?;
    }
    Ok(new)
}

fn parameters(before: usize) -> String {
    let [a, b, c, d, e] = [1, 2, 3, 4, 5].map(|number| before + number);
    format!("(${a}, ${b}, ${c}, ${d}, ${e})")
}

/// The oldest unrouted update of each chat that isn't busy.
///
/// The chats are found by stepping from one to the next through the index: a backlog of one chat costs nothing here.
pub(super) async fn unrouted<D: Dialect>(
    session: &mut Session<'_, D>,
    bot: BotId,
    busy: &[Option<ChatId>],
    limit: u32,
) -> Result<Vec<StoredUpdate>> {
    let sql = format!(
        "with recursive waiting(chat_id) as (
             select min(chat_id) from inbox where bot_id = $1 and routed_at is null
             union all
             select (select min(chat_id) from inbox
                     where bot_id = $1 and routed_at is null and chat_id > waiting.chat_id)
             from waiting where chat_id is not null
         ), heads(seq) as (
             select (select min(seq) from inbox
                     where bot_id = $1 and routed_at is null and chat_id = waiting.chat_id)
             from waiting where chat_id is not null and not ({busy})
             union all
             select min(seq) from inbox where bot_id = $1 and routed_at is null and chat_id is null and not $3
         )
         select {columns} from inbox where seq in (select seq from heads) order by seq limit $4",
        busy = D::one_of("chat_id", 2),
        columns = rows::UPDATE,
    );
    let chats: Vec<i64> = busy.iter().flatten().map(|chat| chat.0).collect();
    let chatless_is_busy = busy.contains(&None);
    let rows = session.rows(sql, values![bot, &chats, chatless_is_busy, limit]).await?;
    rows.iter().map(rows::update).collect()
}

/// The oldest unrouted updates of one chat, oldest first; `None` for those without a chat.
pub(super) async fn unrouted_in<D: Dialect>(
    session: &mut Session<'_, D>,
    bot: BotId,
    chat: Option<ChatId>,
    limit: u32,
) -> Result<Vec<StoredUpdate>> {
    // A null is not equal to itself, and a statement must name what it looks for in the index.
    let here = if chat.is_some() { "chat_id = $2" } else { "chat_id is null and $2 is null" };
    let sql = format!(
        "select {columns} from inbox where bot_id = $1 and routed_at is null and {here} order by seq limit $3",
        columns = rows::UPDATE,
    );
    session.rows(sql, values![bot, chat, limit]).await?.iter().map(rows::update).collect()
}

/// Marks an update as routed; `false` when it had been before, or isn't there.
pub(super) async fn mark_routed<D: Dialect>(
    session: &mut Session<'_, D>,
    routed: &Routed,
    now: OffsetDateTime,
) -> Result<bool> {
    let sql = "update inbox set routed_at = $3, outcome = $4
               where bot_id = $1 and update_id = $2 and routed_at is null";
    Ok(session.execute(sql, values![routed.bot, routed.update_id, now, routed.outcome]).await? > 0)
}
