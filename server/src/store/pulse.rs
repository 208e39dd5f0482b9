//! Questions of whoever watches the daemon: is the database there, how much waits in it.

use super::dialect::{Dialect, Session, StoredRow, values};
use super::{Backlog, Result};

/// Asks the database whether it is there.
pub(super) async fn ping<D: Dialect>(session: &mut Session<'_, D>) -> Result<()> {
    session.execute("select 1", values![]).await.map(drop)
}

/// How much waits. Each count is read from the index of its state.
pub(super) async fn backlog<D: Dialect>(session: &mut Session<'_, D>) -> Result<Backlog> {
    let sql = "select (select count(*) from inbox where routed_at is null) as unrouted,
                      (select count(*) from jobs where state = 'pending') as pending,
                      (select count(*) from jobs where state = 'ready') as ready";
    let row = session.row(sql, values![]).await?;
    let count = |column| -> Result<u64> {
        let count = row.as_ref().map(|row| row.integer(column)).transpose()?.flatten();
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
    };
    Ok(Backlog { unrouted: count("unrouted")?, pending: count("pending")?, ready: count("ready")? })
}
