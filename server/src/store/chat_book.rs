//! Statements of the chats there are: what they are called, what they have set, how lively they are.

use time::{Duration, OffsetDateTime};

use super::dialect::{Dialect, Session, StoredRow, Value, values};
use super::names::{self, parse_chat_kind};
use super::{
    BusyChat, ChatCursor, ChatQuery, FailedJob, HistoryMessage, KnownChat, ListedChat, Outcome, Result, SettingsChange,
    StoreError, rows,
};
use crate::chat::{ChatId, ChatKey, PersonaName};

/// How a chat is found, whatever else it may be asked.
const LISTED: &str =
    "select known.seq, known.persona, known.transport, known.chat_id, known.kind, known.title, known.last_at,
        chats.insanity, chats.chance, chats.context_length, chats.language, chats.quiet_until, chats.active,
        chats.told_off, chats.former_id
    from known_chats as known left join chats on chats.persona = known.persona and chats.transport = known.transport
        and chats.chat_id = known.chat_id";

/// Notes that a chat is there, and what it is called.
pub(super) async fn meet<D: Dialect>(session: &mut Session<'_, D>, chat: &KnownChat) -> Result<()> {
    let sql = "insert into known_chats (persona, transport, chat_id, kind, title, folded, last_at)
               values ($1, $2, $3, $4, $5, $6, $7)
               on conflict (persona, transport, chat_id) do update set
                   kind = excluded.kind, title = excluded.title, folded = excluded.folded,
                   last_at = case when known_chats.last_at > excluded.last_at then known_chats.last_at else excluded.last_at end";
    let folded = folded(&chat.title);
    let values = values![
        &chat.key.persona,
        chat.key.transport,
        chat.key.chat,
        names::chat_kind(chat.kind),
        chat.title.as_str(),
        folded.as_str(),
        chat.last_at,
    ];
    session.execute(sql, values).await?;
    Ok(())
}

/// Moves a chat's entry to its new id, unless the new chat has one.
pub(super) async fn migrate<D: Dialect>(session: &mut Session<'_, D>, key: &ChatKey, to: ChatId) -> Result<()> {
    let here = "persona = $1 and transport = $2 and chat_id = $3";
    let sql = format!(
        "update known_chats set chat_id = $4 where {here} and not exists
             (select 1 from known_chats as there where there.persona = $1 and there.transport = $2 and there.chat_id = $4)"
    );
    session.execute(sql, values![&key.persona, key.transport, key.chat, to]).await?;
    let sql = format!("delete from known_chats where {here}");
    session.execute(sql, values![&key.persona, key.transport, key.chat]).await?;
    Ok(())
}

/// Chats, those in which somebody wrote latest first.
pub(super) async fn list<D: Dialect>(session: &mut Session<'_, D>, query: &ChatQuery) -> Result<Vec<ListedChat>> {
    let sql = format!(
        "{LISTED} where (known.persona = $1 or $1 is null)
             and (known.folded like $2 escape '\\' or cast(known.chat_id as text) like $2 escape '\\' or $2 is null)
             and ((known.last_at < $3 or (known.last_at = $3 and known.seq < $4)) or $3 is null)
         order by known.last_at desc, known.seq desc limit $5"
    );
    let pattern = query.search.as_deref().map(containing);
    let values = values![
        query.persona.as_ref().map(PersonaName::as_str),
        pattern.as_deref(),
        query.before.map(|cursor| cursor.last_at),
        query.before.map_or(0, |cursor| cursor.seq),
        query.limit,
    ];
    session.rows(sql, values).await?.iter().map(listed).collect()
}

/// One chat.
pub(super) async fn one<D: Dialect>(session: &mut Session<'_, D>, key: &ChatKey) -> Result<Option<ListedChat>> {
    let sql = format!("{LISTED} where known.persona = $1 and known.transport = $2 and known.chat_id = $3");
    let row = session.row(sql, values![&key.persona, key.transport, key.chat]).await?;
    row.as_ref().map(listed).transpose()
}

/// Changes some of a chat's settings. Each has a statement of its own, so that what others set at the same time stays.
pub(super) async fn change<D: Dialect>(
    session: &mut Session<'_, D>,
    key: &ChatKey,
    change: &SettingsChange,
) -> Result<()> {
    let insanity = change.insanity.map(|value| ("insanity", Value::from(value)));
    let context = change.context_length.map(|value| ("context_length", Value::from(value.map(i64::from))));
    for (column, value) in [insanity, context].into_iter().flatten() {
        let sql = format!(
            "insert into chats (persona, transport, chat_id, {column}, active, told_off) values ($1, $2, $3, $4, $5, $6)
             on conflict (persona, transport, chat_id) do update set {column} = excluded.{column}"
        );
        let (active, told_off) = (Value::from(true), Value::from(false));
        let key = [Value::from(&key.persona), key.transport.into(), key.chat.into()];
        session.execute(sql, &[&key[..], &[value, active, told_off]].concat()).await?;
    }
    Ok(())
}

/// The last messages of a chat, in all its threads, oldest first.
pub(super) async fn said<D: Dialect>(
    session: &mut Session<'_, D>,
    key: &ChatKey,
    limit: u32,
) -> Result<Vec<HistoryMessage>> {
    let sql = format!(
        "select {columns} from messages where persona = $1 and transport = $2 and chat_id = $3 order by seq desc limit $4",
        columns = rows::MESSAGE
    );
    let said = session.rows(sql, values![&key.persona, key.transport, key.chat, limit]).await?;
    said.iter().rev().map(rows::message).collect()
}

/// The chats in which most was said within the last day.
pub(super) async fn busiest<D: Dialect>(
    session: &mut Session<'_, D>,
    now: OffsetDateTime,
    limit: u32,
) -> Result<Vec<BusyChat>> {
    let sql = "select heard.persona, heard.transport, heard.chat_id, heard.day, heard.hour, heard.last_at,
                   coalesce(known.kind, case when heard.chat_id > 0 then 'private' else 'group' end) as kind,
                   coalesce(known.title, '') as title
               from (select persona, transport, chat_id, count(*) as day, count(case when stored_at >= $2 then 1 end) as hour,
                         max(stored_at) as last_at
                     from messages where stored_at >= $1 group by persona, transport, chat_id) as heard
               left join known_chats as known on known.persona = heard.persona and known.transport = heard.transport
                   and known.chat_id = heard.chat_id
               order by heard.day desc, heard.last_at desc limit $3";
    let values = values![now - Duration::days(1), now - Duration::hours(1), limit];
    let busy = |row: &D::Row| {
        Ok(BusyChat {
            key: rows::chat_key(row)?,
            kind: rows::word(row, "kind", parse_chat_kind)?,
            title: rows::text(row, "title")?,
            hour: count(row, "hour")?,
            day: count(row, "day")?,
            last_at: rows::time(row, "last_at")?,
        })
    };
    session.rows(sql, values).await?.iter().map(busy).collect()
}

/// The latest jobs that ended without the reply they deserved. The condition is that of the index `jobs_failed`.
pub(super) async fn failed<D: Dialect>(session: &mut Session<'_, D>, limit: u32) -> Result<Vec<FailedJob>> {
    let sql = "select persona, transport, chat_id, outcome, reason, changed_at from jobs
               where state = 'done' and outcome in ('forbidden', 'rejected', 'failed', 'unknown', 'overloaded')
               order by changed_at desc, id desc limit $1";
    let failed = |row: &D::Row| {
        Ok(FailedJob {
            at: rows::time(row, "changed_at")?,
            key: rows::chat_key(row)?,
            outcome: rows::word(row, "outcome", Outcome::parse)?,
            reason: row.text("reason")?,
        })
    };
    session.rows(sql, values![limit]).await?.iter().map(failed).collect()
}

fn listed(row: &impl StoredRow) -> Result<ListedChat> {
    let last_at = rows::time(row, "last_at")?;
    Ok(ListedChat {
        cursor: ChatCursor { last_at, seq: rows::integer(row, "seq")? },
        chat: KnownChat {
            key: rows::chat_key(row)?,
            kind: rows::word(row, "kind", parse_chat_kind)?,
            title: rows::text(row, "title")?,
            last_at,
        },
        // Of a chat that has set nothing this is null, as everything else.
        settings: row.boolean("active")?.map(|_| rows::settings(row)).transpose()?,
    })
}

fn count(row: &impl StoredRow, column: &'static str) -> Result<u64> {
    let value = rows::integer(row, column)?;
    u64::try_from(value).map_err(|_| StoreError::Corrupt { column, value: value.to_string() })
}

/// A title as it is searched. SQLite's own lower case knows no Cyrillic, and people write «е» for «ё».
fn folded(title: &str) -> String {
    title.to_lowercase().replace('ё', "е")
}

/// A pattern of what holds this text; its own signs count as themselves.
fn containing(text: &str) -> String {
    let mut pattern = "%".to_owned();
    for letter in folded(text).chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern + "%"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_of_patterns_are_searched_as_they_stand() {
        assert_eq!(containing("100%_Ё\\"), "%100\\%\\_е\\\\%");
    }
}
