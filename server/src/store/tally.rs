//! What each persona has done lately, for `maskarad status`. Only reads.

use std::collections::BTreeMap;

use time::{Duration, OffsetDateTime};

use super::dialect::{Dialect, Session, StoredRow, values};
use super::types::Failure;
use super::{Outcome, Result, StoreError, Tally, rows};
use crate::chat::PersonaName;

/// How each persona has fared in the last day, by name. Personas that nobody ever wrote to have none.
pub(super) async fn tallies<D: Dialect>(session: &mut Session<'_, D>, now: OffsetDateTime) -> Result<Vec<Tally>> {
    let mut tallies = BTreeMap::new();
    chats(session, &mut tallies).await?;
    replies(session, now, &mut tallies).await?;
    failures(session, now, &mut tallies).await?;
    Ok(tallies.into_values().collect())
}

type Tallies = BTreeMap<PersonaName, Tally>;

fn tally<'a>(tallies: &'a mut Tallies, row: &impl StoredRow) -> Result<&'a mut Tally> {
    let persona = rows::persona(row)?;
    let empty = || Tally { persona: persona.clone(), chats: 0, replies_day: 0, replies_hour: 0, last_failure: None };
    Ok(tallies.entry(persona.clone()).or_insert_with(empty))
}

async fn chats<D: Dialect>(session: &mut Session<'_, D>, tallies: &mut Tallies) -> Result<()> {
    let sql = "select heard.persona, count(*) as chats
               from (select distinct persona, transport, chat_id from messages) as heard
               where not exists (select 1 from chats where chats.persona = heard.persona
                   and chats.transport = heard.transport and chats.chat_id = heard.chat_id and not chats.active)
               group by heard.persona";
    for row in session.rows(sql, &[]).await? {
        tally(tallies, &row)?.chats = count(&row, "chats")?;
    }
    Ok(())
}

async fn replies<D: Dialect>(session: &mut Session<'_, D>, now: OffsetDateTime, tallies: &mut Tallies) -> Result<()> {
    let sql = "select persona, count(*) as day, count(case when changed_at >= $2 then 1 end) as hour
               from jobs where state = 'done' and changed_at >= $1 and outcome in ('answered', 'fallback')
                   and trigger_kind <> 'notice'
               group by persona";
    for row in session.rows(sql, values![now - Duration::days(1), now - Duration::hours(1)]).await? {
        let tally = tally(tallies, &row)?;
        tally.replies_day = count(&row, "day")?;
        tally.replies_hour = count(&row, "hour")?;
    }
    Ok(())
}

async fn failures<D: Dialect>(session: &mut Session<'_, D>, now: OffsetDateTime, tallies: &mut Tallies) -> Result<()> {
    let sql = "select persona, outcome, reason, changed_at from jobs
               where id in (select max(id) from jobs where state = 'done' and changed_at >= $1
                   and outcome in ('forbidden', 'rejected', 'failed', 'unknown', 'overloaded') group by persona)";
    for row in session.rows(sql, values![now - Duration::days(1)]).await? {
        let failure = Failure {
            at: rows::time(&row, "changed_at")?,
            outcome: rows::word(&row, "outcome", Outcome::parse)?,
            reason: row.text("reason")?,
        };
        tally(tallies, &row)?.last_failure = Some(failure);
    }
    Ok(())
}

fn count(row: &impl StoredRow, column: &'static str) -> Result<u64> {
    let value = rows::integer(row, column)?;
    u64::try_from(value).map_err(|_| StoreError::Corrupt { column, value: value.to_string() })
}
