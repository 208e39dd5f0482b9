//! Statements of pauses: chats that take nothing for a while, remembered across a restart.

use time::OffsetDateTime;

use super::Result;
use super::dialect::{Dialect, Session, values};
use crate::chat::ChatKey;

/// A condition on `jobs`: its chat isn't paused at the instant given as this parameter.
///
/// A pause that begins in the future was set before the clock was put back, and proves nothing.
pub(super) fn none(parameter: u8) -> String {
    format!(
        "not exists (select 1 from pauses where pauses.persona = jobs.persona and pauses.transport = jobs.transport
                     and pauses.chat_id = jobs.chat_id and pauses.set_at <= ${parameter} and pauses.until > ${parameter})"
    )
}

/// Pauses a chat from now on.
pub(super) async fn set<D: Dialect>(
    session: &mut Session<'_, D>,
    key: &ChatKey,
    now: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<()> {
    let sql = "insert into pauses (persona, transport, chat_id, set_at, until) values ($1, $2, $3, $4, $5)
               on conflict (persona, transport, chat_id) do update set set_at = excluded.set_at, until = excluded.until";
    session.execute(sql, values![&key.persona, key.transport, key.chat, now, until]).await?;
    Ok(())
}
