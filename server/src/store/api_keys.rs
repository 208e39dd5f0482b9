//! Statements of the HTTP API's keys.

use time::OffsetDateTime;

use super::dialect::{Dialect, Session, StoredRow, values};
use super::{ApiKey, KeyHash, Result, StoreError, rows};

/// Adds a key; `false` where its name is taken.
pub(super) async fn add<D: Dialect>(session: &mut Session<'_, D>, key: &ApiKey) -> Result<bool> {
    let sql = "insert into api_keys (name, hash, per_minute, console, created_at) values ($1, $2, $3, $4, $5)
               on conflict (name) do nothing";
    let hash = key.hash.hex();
    let values = values![key.name.as_str(), hash.as_str(), key.per_minute, key.console, key.created_at];
    Ok(session.execute(sql, values).await? == 1)
}

/// All keys, by name.
pub(super) async fn all<D: Dialect>(session: &mut Session<'_, D>) -> Result<Vec<ApiKey>> {
    let sql = "select name, hash, per_minute, console, created_at, cast(case when revoked_at is null then 0 else 1 end as bigint) as revoked
               from api_keys order by name";
    session.rows(sql, &[]).await?.iter().map(key).collect()
}

fn key(row: &impl StoredRow) -> Result<ApiKey> {
    let per_minute = rows::integer(row, "per_minute")?;
    let corrupt = || StoreError::Corrupt { column: "per_minute", value: per_minute.to_string() };
    Ok(ApiKey {
        name: rows::text(row, "name")?,
        hash: rows::word(row, "hash", KeyHash::parse)?,
        per_minute: u32::try_from(per_minute).map_err(|_| corrupt())?,
        console: row.boolean("console")?.unwrap_or_default(),
        created_at: rows::time(row, "created_at")?,
        revoked: rows::integer(row, "revoked")? != 0,
    })
}

/// Revokes a key; `false` where there is none of this name that is good.
pub(super) async fn revoke<D: Dialect>(session: &mut Session<'_, D>, name: &str, now: OffsetDateTime) -> Result<bool> {
    let sql = "update api_keys set revoked_at = $2 where name = $1 and revoked_at is null";
    Ok(session.execute(sql, values![name, now]).await? == 1)
}
