//! Removing what is too old or too much. Works in small transactions, so that nobody waits long for it.

use time::{Duration, OffsetDateTime};

use super::dialect::{Dialect, Session, Value, values};
use super::sql::SqlStore;
use super::{Pruned, Result, Retention, rows};

/// Rows removed in one transaction.
const BATCH: u32 = 500;

/// How long a finished job counts for the hourly caps, however many there are.
const COUNTED: Duration = Duration::HOUR;

/// A condition on messages: none of them is still to be answered.
const UNASKED: &str = "not exists (select 1 from jobs where jobs.persona = messages.persona
    and jobs.transport = messages.transport and jobs.chat_id = messages.chat_id
    and jobs.message_id = messages.message_id and jobs.trigger_kind <> 'notice' and jobs.state <> 'done')";

/// A condition on known chats: nothing else is kept of them.
const UNKEPT: &str = "not exists (select 1 from messages where messages.persona = known_chats.persona
    and messages.transport = known_chats.transport and messages.chat_id = known_chats.chat_id)
    and not exists (select 1 from chats where chats.persona = known_chats.persona
    and chats.transport = known_chats.transport and chats.chat_id = known_chats.chat_id)";

/// How long links that log nobody in any more are kept.
const LINK_DAYS: i64 = 1;
/// How long it is kept what operators did.
const AUDIT_DAYS: i64 = 365;

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
    let old_messages = format!("stored_at < $1 and {UNASKED}");
    let crowded_messages = Crowd { table: "messages", id: "seq", counts: "true", goes: UNASKED };
    let crowded_jobs = Crowd { table: "jobs", id: "id", counts: "state = 'done'", goes: "created_at < $5" };
    let links = before(Duration::days(LINK_DAYS));
    remove(store, "console_links", "id", "expires_at < $1", values![links]).await?;
    remove(store, "audit", "id", "at < $1", values![before(Duration::days(AUDIT_DAYS))]).await?;
    remove(store, "known_chats", "seq", &format!("last_at < $1 and {UNKEPT}"), values![messages]).await?;
    Ok(Pruned {
        messages: remove(store, "messages", "seq", &old_messages, values![messages]).await?
            + crowded_messages.thin(store, retention.messages_per_chat, now).await?
            + remove(store, "room_messages", "message_id", "sent_at < $1", values![messages]).await?,
        updates: remove(store, "inbox", "seq", "routed_at is not null and routed_at < $1", values![updates]).await?,
        jobs: remove(store, "jobs", "id", "state = 'done' and changed_at < $1", values![jobs]).await?
            + crowded_jobs.thin(store, retention.jobs_per_chat, before(COUNTED)).await?,
    })
}

/// Rows of which a chat may have so many.
struct Crowd {
    table: &'static str,
    /// Its column in the order of which rows came.
    id: &'static str,
    /// A condition: which rows are counted, and may go.
    counts: &'static str,
    /// A condition: which of them go, if there are too many. `$5` is an instant.
    goes: &'static str,
}

impl Crowd {
    /// Removes the oldest rows of chats that have more than `limit`.
    async fn thin<D: Dialect>(&self, store: &SqlStore<D>, limit: u32, instant: OffsetDateTime) -> Result<u64> {
        let Self { table, id, counts, goes } = self;
        // The last row to go: there are `limit` newer ones in its chat.
        let sql = format!(
            "select persona, transport, chat_id,
                 (select {id} from {table} as old
                  where old.persona = crowd.persona and old.transport = crowd.transport and old.chat_id = crowd.chat_id
                    and {counts} order by {id} desc limit 1 offset $1) as last
             from {table} as crowd where {counts} group by persona, transport, chat_id having count(*) > $1"
        );
        let mut connection = store.reader().await?;
        let crowds = Session::<D>::on(&mut connection).rows(sql, values![limit]).await?;
        drop(connection);
        let condition =
            format!("persona = $1 and transport = $2 and chat_id = $3 and {id} <= $4 and {counts} and {goes}");
        let mut removed = 0;
        for row in &crowds {
            let (key, last) = (rows::chat_key(row)?, rows::integer(row, "last")?);
            let values = values![&key.persona, key.transport, key.chat, last, instant];
            removed += remove(store, table, id, &condition, values).await?;
        }
        Ok(removed)
    }
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
