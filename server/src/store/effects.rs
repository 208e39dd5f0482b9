//! Applying a routed update: each effect goes to the module that knows its table.

use time::OffsetDateTime;

use super::dialect::{Dialect, Session};
use super::{Effect, Lease, Result, Routed, history, inbox, jobs, leases, migration, settings};
use crate::chat::Conversation;

/// Applies a routed update; `false`, and nothing changed, when it had been routed before.
pub(super) async fn apply<D: Dialect>(
    session: &mut Session<'_, D>,
    lease: &Lease,
    routed: &Routed,
    now: OffsetDateTime,
) -> Result<bool> {
    leases::check(session, lease).await?;
    if !inbox::mark_routed(session, routed, now).await? {
        return Ok(false);
    }
    let mut enqueued = Vec::new();
    for effect in &routed.effects {
        match effect {
            Effect::Remember(message) => history::remember(session, message, now).await?,
            Effect::Edit { key, message, text } => history::edit(session, key, *message, text).await?,
            Effect::Settings(key, new) => settings::put(session, key, new).await?,
            Effect::Enqueue(job) => enqueued.extend(jobs::enqueue(session, job, now).await?),
            Effect::Reset(conversation) => reset(session, conversation, &enqueued, now).await?,
            Effect::Migrate { key, to } => migration::migrate(session, key, *to).await?,
            Effect::Block { persona, user, blocked } => settings::block(session, persona, *user, *blocked).await?,
        }
    }
    Ok(true)
}

async fn reset<D: Dialect>(
    session: &mut Session<'_, D>,
    conversation: &Conversation,
    keep: &Vec<i64>,
    now: OffsetDateTime,
) -> Result<()> {
    history::lock(session, &conversation.key()).await?;
    history::forget(session, conversation).await?;
    jobs::reset(session, conversation, keep, now).await
}
