//! Removing what is too old or too much. Works in small transactions, so that nobody waits long for it.

use time::{Duration, OffsetDateTime};

use super::dialect::{Dialect, Session, Value, values};
use super::sql::SqlStore;
use super::{Pruned, Result, Retention, rows};

/// Rows removed in one transaction.
const BATCH: u32 = 500;

/// Removes what is older or more than `retention` allows.
pub(super) async fn prune<D: Dialect>(
    store: &SqlStore<D>,
    retention: &Retention,
    now: OffsetDateTime,
) -> Result<Pruned> {
    let before = |age: Duration| now.checked_sub(age).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let messages = before(Duration::days(retention.message_days.into()));
    let updates = before(Duration::hours(retention.inbox_hours.into()));
    let jobs = before(Duration::days(retention.job_days.into()));
    Ok(Pruned {
        messages: remove(store, "messages", "seq", "stored_at < $1", values![messages]).await?
            + crowded(store, retention.messages_per_chat).await?,
        updates: remove(store, "inbox", "seq", "routed_at is not null and routed_at < $1", values![updates]).await?,
        jobs: remove(store, "jobs", "id", "state = 'done' and changed_at < $1", values![jobs]).await?,
    })
}

/// Removes the oldest messages of chats that have more than so many.
async fn crowded<D: Dialect>(store: &SqlStore<D>, limit: u32) -> Result<u64> {
    // The last row to go: there are `limit` newer ones in its chat.
    let sql = "select persona, transport, chat_id,
                   (select seq from messages as old
                    where old.persona = crowd.persona and old.transport = crowd.transport and old.chat_id = crowd.chat_id
                    order by seq desc limit 1 offset $1) as seq
               from messages as crowd group by persona, transport, chat_id having count(*) > $1";
    let mut connection = store.reader().await?;
    let crowds = Session::<D>::on(&mut connection).rows(sql, values![limit]).await?;
    drop(connection);
    let mut removed = 0;
    for row in &crowds {
        let (key, last) = (rows::chat_key(row)?, rows::integer(row, "seq")?);
        let condition = "persona = $1 and transport = $2 and chat_id = $3 and seq <= $4";
        let values = values![&key.persona, key.transport, key.chat, last];
        removed += remove(store, "messages", "seq", condition, values).await?;
    }
    Ok(removed)
}

async fn remove<D: Dialect>(
    store: &SqlStore<D>,
    table: &str,
    id: &str,
    condition: &str,
    values: &[Value<'_>],
) -> Result<u64> {
    let sql = format!("delete from {table} where {id} in (select {id} from {table} where {condition} limit {BATCH})");
    let mut removed = 0;
    loop {
        let mut connection = store.writer().await?;
        let mut transaction = D::begin(&mut connection).await?;
        let batch = Session::<D>::on(&mut transaction).execute(sql.clone(), values).await?;
        transaction.commit().await?;
        removed += batch;
        if batch < BATCH.into() {
            return Ok(removed);
        }
    }
}
