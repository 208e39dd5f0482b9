//! A chat that changes its id: what it has moves, and merges with what the new id has already. Harmless when repeated.

use super::dialect::{Dialect, Session, values};
use super::{Outcome, Result};
use crate::chat::{ChatId, ChatKey};

/// Moves a chat's settings, its title, history and unfinished jobs to its new id.
pub(super) async fn migrate<D: Dialect>(session: &mut Session<'_, D>, key: &ChatKey, to: ChatId) -> Result<()> {
    if key.chat == to {
        return Ok(());
    }
    super::history::lock(session, key).await?;
    settings(session, key, to).await?;
    super::chat_book::migrate(session, key, to).await?;
    history(session, key, to).await?;
    jobs(session, key, to).await
}

/// What the new chat has set for itself wins; being told off once is enough.
async fn settings<D: Dialect>(session: &mut Session<'_, D>, key: &ChatKey, to: ChatId) -> Result<()> {
    let old = "insert into chats (persona, transport, chat_id, active, told_off) values ($1, $2, $3, $4, $5)
               on conflict do nothing";
    session.execute(old, values![&key.persona, key.transport, key.chat, true, false]).await?;
    let copy =
        "insert into chats (persona, transport, chat_id, insanity, chance, context_length, language, quiet_until,
                                   active, told_off, former_id)
                select persona, transport, $4, insanity, chance, context_length, language, quiet_until, active, told_off,
                       coalesce(former_id, chat_id)
                from chats where persona = $1 and transport = $2 and chat_id = $3
                on conflict (persona, transport, chat_id) do update set
                    insanity = coalesce(chats.insanity, excluded.insanity),
                    chance = coalesce(chats.chance, excluded.chance),
                    context_length = coalesce(chats.context_length, excluded.context_length),
                    language = coalesce(chats.language, excluded.language),
                    quiet_until = coalesce(chats.quiet_until, excluded.quiet_until),
                    told_off = chats.told_off or excluded.told_off,
                    former_id = coalesce(chats.former_id, excluded.former_id)";
    session.execute(copy, values![&key.persona, key.transport, key.chat, to]).await?;
    let delete = "delete from chats where persona = $1 and transport = $2 and chat_id = $3";
    session.execute(delete, values![&key.persona, key.transport, key.chat]).await?;
    Ok(())
}

/// A message id of the old chat as the new chat keeps it: below zero, out of the way of the new chat's own.
fn moved(column: &str) -> String {
    format!("case when {column} >= 0 then ~{column} else {column} end")
}

/// A condition: the row of `table` would take an id that is taken, by an earlier move or by another row of this one.
fn collides(table: &str) -> String {
    let id = moved(&format!("{table}.message_id"));
    format!(
        "exists (select 1 from {table} as other
                 where other.persona = $1 and other.transport = $2
                   and ((other.chat_id = $4 and other.message_id = {id})
                     or (other.chat_id = $3 and {table}.message_id < 0 and other.message_id = ~{table}.message_id)))"
    )
}

async fn history<D: Dialect>(session: &mut Session<'_, D>, key: &ChatKey, to: ChatId) -> Result<()> {
    let here = "persona = $1 and transport = $2 and chat_id = $3";
    let drop = format!("delete from messages where {here} and {}", collides("messages"));
    session.execute(drop, values![&key.persona, key.transport, key.chat, to]).await?;
    let (message, reply_to) = (moved("message_id"), moved("reply_to"));
    let sql = format!("update messages set chat_id = $4, message_id = {message}, reply_to = {reply_to} where {here}");
    session.execute(sql, values![&key.persona, key.transport, key.chat, to]).await?;
    Ok(())
}

async fn jobs<D: Dialect>(session: &mut Session<'_, D>, key: &ChatKey, to: ChatId) -> Result<()> {
    let here = "persona = $1 and transport = $2 and chat_id = $3 and state <> 'done'";
    let end = format!(
        "update jobs set state = 'done', outcome = $5 where {here} and trigger_kind <> 'notice' and {}",
        collides("jobs")
    );
    session.execute(end, values![&key.persona, key.transport, key.chat, to, Outcome::Reset.as_str()]).await?;
    let message = moved("message_id");
    let sql = format!("update jobs set chat_id = $4, message_id = {message} where {here}");
    session.execute(sql, values![&key.persona, key.transport, key.chat, to]).await?;
    Ok(())
}
