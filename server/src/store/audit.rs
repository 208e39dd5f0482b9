//! Statements of what operators did.

use super::dialect::{Dialect, Session, StoredRow, values};
use super::{AuditEntry, NewAuditEntry, Result, rows};
use crate::chat::{ChatId, PersonaName, TransportKind};

/// Adds an entry.
pub(super) async fn note<D: Dialect>(session: &mut Session<'_, D>, entry: &NewAuditEntry) -> Result<()> {
    let sql =
        "insert into audit (at, who, action, persona, transport, chat_id, detail) values ($1, $2, $3, $4, $5, $6, $7)";
    let values = values![
        entry.at,
        entry.who.as_str(),
        entry.action.as_str(),
        entry.persona.as_ref().map(PersonaName::as_str),
        entry.chat.map(|(transport, _)| TransportKind::as_str(transport)),
        entry.chat.map(|(_, chat)| chat),
        entry.detail.as_str(),
    ];
    session.execute(sql, values).await?;
    Ok(())
}

/// Entries, latest first.
pub(super) async fn latest<D: Dialect>(
    session: &mut Session<'_, D>,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<AuditEntry>> {
    let sql = "select id, at, who, action, persona, transport, chat_id, detail from audit
               where id < $1 order by id desc limit $2";
    let before = before.unwrap_or(i64::MAX);
    session.rows(sql, values![before, limit]).await?.iter().map(entry).collect()
}

fn entry(row: &impl StoredRow) -> Result<AuditEntry> {
    Ok(AuditEntry {
        id: rows::integer(row, "id")?,
        at: rows::time(row, "at")?,
        who: rows::text(row, "who")?,
        action: rows::text(row, "action")?,
        persona: row.text("persona")?,
        transport: row.text("transport")?,
        chat: row.integer("chat_id")?.map(ChatId),
        detail: rows::text(row, "detail")?,
    })
}
