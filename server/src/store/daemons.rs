//! Statements of the daemons that share a database: that they live, what each can serve, and what somebody placed by hand.

use std::collections::BTreeSet;

use time::{Duration, OffsetDateTime};

use super::dialect::{Dialect, Session, StoredRow, values};
use super::{Census, DaemonId, DaemonName, Heartbeat, Holding, NotedDaemon, Result, StoreError, rows};
use crate::chat::{PersonaName, Seat, TransportKind};

/// How long it is told of a daemon that it is gone.
const REMEMBERED: Duration = Duration::DAY;

/// Notes that a daemon lives; returns what is known of all.
pub(super) async fn beat<D: Dialect>(session: &mut Session<'_, D>, heartbeat: &Heartbeat) -> Result<Census> {
    let now = now(session).await?;
    let forget = "delete from daemons where id <> $1 and (seen_at < $2 or (name = $3 and $4))";
    let (id, name) = (heartbeat.id.0.as_str(), heartbeat.name.as_str());
    session.execute(forget, values![id, now - REMEMBERED, name, heartbeat.first]).await?;
    let note = "insert into daemons (id, name, seen_at, seats) values ($1, $2, $3, $4)
                on conflict (id) do update set seen_at = excluded.seen_at, seats = excluded.seats";
    let seats: Vec<String> = heartbeat.seats.iter().map(Seat::to_string).collect();
    session.execute(note, values![id, name, now, seats.join(" ").as_str()]).await?;
    all(session, now).await
}

/// Forgets a daemon that stops.
pub(super) async fn leave<D: Dialect>(session: &mut Session<'_, D>, daemon: &DaemonId) -> Result<()> {
    session.execute("delete from daemons where id = $1", values![daemon.0.as_str()]).await?;
    Ok(())
}

/// What is known of all daemons.
pub(super) async fn census<D: Dialect>(session: &mut Session<'_, D>) -> Result<Census> {
    let now = now(session).await?;
    all(session, now).await
}

/// Wants a persona at a daemon, or wherever it comes to be.
pub(super) async fn place<D: Dialect>(
    session: &mut Session<'_, D>,
    persona: &PersonaName,
    daemon: Option<&DaemonName>,
) -> Result<()> {
    let Some(daemon) = daemon else {
        session.execute("delete from placements where persona = $1", values![persona]).await?;
        return Ok(());
    };
    let now = now(session).await?;
    let sql = "insert into placements (persona, daemon, placed_at) values ($1, $2, $3)
               on conflict (persona) do update set daemon = excluded.daemon, placed_at = excluded.placed_at";
    session.execute(sql, values![persona, daemon.as_str(), now]).await?;
    Ok(())
}

/// The instant, by the database's own clock.
async fn now<D: Dialect>(session: &mut Session<'_, D>) -> Result<OffsetDateTime> {
    let row = session.row(format!("select {} as now", D::NOW), &[]).await?;
    rows::time(&row.expect("a select without a table gives one row"), "now")
}

async fn all<D: Dialect>(session: &mut Session<'_, D>, now: OffsetDateTime) -> Result<Census> {
    let daemons = session.rows("select id, name, seen_at, seats from daemons order by id", &[]).await?;
    let holdings = "select persona, transport, holder, taken_at from leases where holder <> ''
                    order by persona, transport";
    let holdings = session.rows(holdings, &[]).await?;
    let placements = session.rows("select persona, daemon from placements", &[]).await?;
    Ok(Census {
        daemons: daemons.iter().map(|row| daemon(row, now)).collect::<Result<_>>()?,
        holdings: holdings.iter().map(holding).collect::<Result<_>>()?,
        placements: placements
            .iter()
            .map(|row| Ok((rows::persona(row)?, rows::word(row, "daemon", DaemonName::parse)?)))
            .collect::<Result<_>>()?,
    })
}

fn daemon(row: &impl StoredRow, now: OffsetDateTime) -> Result<NotedDaemon> {
    Ok(NotedDaemon {
        id: DaemonId(rows::text(row, "id")?),
        name: rows::word(row, "name", DaemonName::parse)?,
        seats: seats(&rows::text(row, "seats")?)?,
        // One that has noted itself after this look began isn't silent.
        silent: (now - rows::time(row, "seen_at")?).try_into().unwrap_or_default(),
    })
}

fn seats(text: &str) -> Result<BTreeSet<Seat>> {
    let corrupt = || StoreError::Corrupt { column: "seats", value: text.to_owned() };
    text.split_whitespace().map(|seat| Seat::parse(seat).ok_or_else(corrupt)).collect()
}

fn holding(row: &impl StoredRow) -> Result<Holding> {
    Ok(Holding {
        seat: rows::persona(row)?.at(rows::word(row, "transport", TransportKind::parse)?),
        holder: DaemonId(rows::text(row, "holder")?),
        since: rows::time(row, "taken_at")?,
    })
}
