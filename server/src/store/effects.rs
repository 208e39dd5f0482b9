//! Applying a routed update: each effect goes to the module that knows its table.

use time::OffsetDateTime;

use super::dialect::{Dialect, Session};
use super::{Effect, Lease, NewJob, Result, Routed, chat_book, history, inbox, jobs, leases, migration, settings};
use crate::chat::Conversation;
use crate::trigger::Trigger;

/// Applies routed updates, in order; returns how many had not been routed before.
pub(super) async fn apply<D: Dialect>(
    session: &mut Session<'_, D>,
    lease: &Lease,
    routed: &[Routed],
    now: OffsetDateTime,
) -> Result<u64> {
    leases::check(session, lease).await?;
    let mut applied = 0;
    for update in routed {
        applied += u64::from(apply_one(session, update, now).await?);
    }
    thin_out(session, routed, now).await?;
    Ok(applied)
}

/// Of what merely triggered insanity or chance, a conversation keeps the newest: no other would ever be answered.
async fn thin_out<D: Dialect>(session: &mut Session<'_, D>, routed: &[Routed], now: OffsetDateTime) -> Result<()> {
    let mut crowded: Vec<&Conversation> = Vec::new();
    for effect in routed.iter().flat_map(|update| &update.effects) {
        if let Effect::Enqueue(NewJob { conversation, trigger: Trigger::Insanity | Trigger::Chance, .. }) = effect
            && !crowded.contains(&conversation)
        {
            crowded.push(conversation);
        }
    }
    for conversation in crowded {
        jobs::thin_out(session, conversation, now).await?;
    }
    Ok(())
}

async fn apply_one<D: Dialect>(session: &mut Session<'_, D>, routed: &Routed, now: OffsetDateTime) -> Result<bool> {
    if !inbox::mark_routed(session, routed, now).await? {
        return Ok(false);
    }
    let mut enqueued = Vec::new();
    for effect in &routed.effects {
        match effect {
            Effect::Meet(chat) => chat_book::meet(session, chat).await?,
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
