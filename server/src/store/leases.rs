//! Statements of leases: the epoch that fences off former holders, and what they left behind.

use time::OffsetDateTime;

use super::dialect::{Dialect, Session, values};
use super::{Lease, MOST_ATTEMPTS, Outcome, Recovered, Result, StoreError, Taken, rows};
use crate::chat::{PersonaName, TransportKind};

/// Fails unless the lease is the latest. Until the end of the transaction nobody can take the persona.
pub(super) async fn check<D: Dialect>(session: &mut Session<'_, D>, lease: &Lease) -> Result<()> {
    let sql = format!("select epoch from leases where persona = $1 and transport = $2{}", D::SHARED_ROW);
    let row = session.row(sql, values![&lease.persona, lease.transport]).await?;
    let latest = row.map(|row| rows::integer(&row, "epoch")).transpose()?.unwrap_or(0);
    if latest == lease.epoch { Ok(()) } else { Err(StoreError::Fenced { ours: lease.epoch, latest }) }
}

/// The latest epoch of a persona.
pub(super) async fn latest<D: Dialect>(session: &mut Session<'_, D>, lease: &Lease) -> Result<i64> {
    let sql = "select epoch from leases where persona = $1 and transport = $2";
    let row = session.row(sql, values![&lease.persona, lease.transport]).await?;
    row.map(|row| rows::integer(&row, "epoch")).transpose().map(|epoch| epoch.unwrap_or(0))
}

/// Raises the epoch and takes up what the former holder left.
pub(super) async fn take<D: Dialect>(
    session: &mut Session<'_, D>,
    persona: &PersonaName,
    transport: TransportKind,
    holder: &str,
    now: OffsetDateTime,
) -> Result<Taken> {
    let raise = "insert into leases (persona, transport, epoch, holder, taken_at) values ($1, $2, 1, $3, $4)
                 on conflict (persona, transport) do update set
                     epoch = leases.epoch + 1, holder = excluded.holder, taken_at = excluded.taken_at
                 returning epoch";
    let row = session.row(raise, values![persona, transport, holder, now]).await?;
    let epoch = row.map(|row| rows::integer(&row, "epoch")).transpose()?.expect("an upsert returns its row");
    let lease = Lease { persona: persona.clone(), transport, epoch };
    let recovered = recover(session, &lease, now).await?;
    Ok(Taken { lease, recovered })
}

/// Raises the epoch with nobody to follow, and hands back what is still under way.
pub(super) async fn give_up<D: Dialect>(
    session: &mut Session<'_, D>,
    lease: &Lease,
    now: OffsetDateTime,
) -> Result<Recovered> {
    let sql = "update leases set epoch = epoch + 1, holder = '' where persona = $1 and transport = $2 and epoch = $3";
    if session.execute(sql, values![&lease.persona, lease.transport, lease.epoch]).await? == 0 {
        return Ok(Recovered::default());
    }
    recover(session, lease, now).await
}

async fn recover<D: Dialect>(session: &mut Session<'_, D>, lease: &Lease, now: OffsetDateTime) -> Result<Recovered> {
    let (persona, transport) = (&lease.persona, lease.transport);
    let running = "update jobs set state = 'pending', lead_id = null
                   where persona = $1 and transport = $2 and state = 'running'";
    let running = session.execute(running, values![persona, transport]).await?;
    // What shares a reply is in its lead's state, and has no attempts of its own.
    let twice = "select id from jobs where persona = $1 and transport = $2 and state = 'sending' and attempts >= $3";
    let end = format!(
        "update jobs set state = 'done', outcome = $4, changed_at = $5
         where persona = $1 and transport = $2 and state = 'sending' and (id in ({twice}) or lead_id in ({twice}))"
    );
    let outcome = Outcome::Unknown.as_str();
    let unknown = session.execute(end, values![persona, transport, MOST_ATTEMPTS, outcome, now]).await?;
    let again = "update jobs set state = 'ready' where persona = $1 and transport = $2 and state = 'sending'";
    let sending = session.execute(again, values![persona, transport]).await?;
    Ok(Recovered { running, sending, unknown })
}
