//! Statements of who may log in to the console.

use time::OffsetDateTime;

use super::dialect::{Dialect, Session, values};
use super::{KeyHash, LoginLink, Result, SigningSecret, StoreError, rows};

/// What sessions are signed with, where there is something.
pub(super) async fn secret<D: Dialect>(session: &mut Session<'_, D>) -> Result<Option<SigningSecret>> {
    let row = session.row("select secret from console_secret where id = 1", &[]).await?;
    row.map(|row| {
        // The value isn't told: it is a secret, if a broken one.
        SigningSecret::parse(&rows::text(&row, "secret")?)
            .ok_or_else(|| StoreError::Corrupt { column: "console_secret.secret", value: "…".to_owned() })
    })
    .transpose()
}

/// Makes this the secret, unless there is one; the one there is.
pub(super) async fn begin<D: Dialect>(
    session: &mut Session<'_, D>,
    candidate: &SigningSecret,
    now: OffsetDateTime,
) -> Result<SigningSecret> {
    let sql = "insert into console_secret (id, secret, made_at) values (1, $1, $2) on conflict (id) do nothing";
    session.execute(sql, values![candidate.hex().as_str(), now]).await?;
    Ok(secret(session).await?.unwrap_or_else(|| candidate.clone()))
}

/// Makes this the secret, and spoils the links that nobody has used.
pub(super) async fn replace<D: Dialect>(
    session: &mut Session<'_, D>,
    secret: &SigningSecret,
    now: OffsetDateTime,
) -> Result<()> {
    let sql = "insert into console_secret (id, secret, made_at) values (1, $1, $2)
               on conflict (id) do update set secret = excluded.secret, made_at = excluded.made_at";
    session.execute(sql, values![secret.hex().as_str(), now]).await?;
    session.execute("delete from console_links where used_at is null", &[]).await?;
    Ok(())
}

/// Adds a link; its number.
pub(super) async fn add_link<D: Dialect>(session: &mut Session<'_, D>, link: &LoginLink) -> Result<i64> {
    let sql = "insert into console_links (hash, created_at, expires_at) values ($1, $2, $3) returning id";
    let row = session.row(sql, values![link.hash.hex().as_str(), link.created_at, link.expires_at]).await?;
    rows::integer(&row.expect("an insert that succeeds returns its row"), "id")
}

/// Uses a link up, in one statement, so that of two who come at once one is late; its number.
pub(super) async fn use_link<D: Dialect>(
    session: &mut Session<'_, D>,
    hash: &KeyHash,
    now: OffsetDateTime,
) -> Result<Option<i64>> {
    let sql =
        "update console_links set used_at = $2 where hash = $1 and used_at is null and expires_at > $2 returning id";
    let row = session.row(sql, values![hash.hex().as_str(), now]).await?;
    row.map(|row| rows::integer(&row, "id")).transpose()
}
