//! Whether the database is there and how much waits in it, for health, metrics and overload.

use super::dialect::{Dialect, Session, StoredRow};
use super::{Backlog, Result, StoreError, rows};

/// Asks the database whether it is there.
pub(super) async fn ping<D: Dialect>(session: &mut Session<'_, D>) -> Result<()> {
    session.execute("select 1", &[]).await.map(drop)
}

/// Counts what waits, over all personas.
pub(super) async fn count<D: Dialect>(session: &mut Session<'_, D>) -> Result<Backlog> {
    let sql = "select (select count(*) from inbox where routed_at is null) as unrouted,
                      (select count(*) from jobs where state = 'pending' and directed) as directed,
                      (select count(*) from jobs where state = 'pending' and not directed) as ambient,
                      (select count(*) from jobs where state = 'ready') as ready,
                      (select count(*) from jobs where state = 'running') as running,
                      (select count(*) from jobs where state = 'sending') as sending,
                      (select min(created_at) from jobs where state = 'pending') as oldest";
    let row = session.row(sql, &[]).await?.expect("counting gives one row");
    let count = |column: &'static str| {
        let value = rows::integer(&row, column)?;
        u64::try_from(value).map_err(|_| StoreError::Corrupt { column, value: value.to_string() })
    };
    Ok(Backlog {
        unrouted: count("unrouted")?,
        directed: count("directed")?,
        ambient: count("ambient")?,
        ready: count("ready")?,
        running: count("running")?,
        sending: count("sending")?,
        oldest: row.time("oldest")?,
    })
}
