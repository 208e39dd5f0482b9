//! `getUpdates`: confirming, reading, waiting, and being ended by another poller.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::Answer;
use crate::{
    error::ApiError,
    http::LONGEST_POLL,
    ids::UserId,
    params::Params,
    shared::Shared,
    world::{World, people::EndedBy},
};

/// A second conflict within this span is answered only after it.
const CONFLICT_SPAN: Duration = Duration::from_secs(3);

struct Poll {
    offset: i64,
    limit: usize,
    timeout: Duration,
}

impl Poll {
    fn parse(params: &Params) -> Self {
        let limit = params.integer("limit").unwrap_or(100).clamp(1, 100);
        let timeout = params.integer("timeout").unwrap_or(0).max(0).unsigned_abs();
        Self {
            offset: params.integer("offset").unwrap_or(0),
            limit: usize::try_from(limit).unwrap_or(100),
            timeout: Duration::from_secs(timeout).min(LONGEST_POLL),
        }
    }
}

pub(super) async fn get_updates(shared: &Arc<Shared>, bot: UserId, params: &Params) -> Answer {
    if shared.look(|world| world.bot(bot).webhook.is_some()) {
        return Err(conflict(shared, bot, ApiError::WebhookActive).await);
    }
    let allowed = super::webhooks::allowed_updates(params)?;
    let poll = Poll::parse(params);
    let batch = shared.change(|world| {
        let queue = &mut world.bot_mut(bot).updates;
        queue.allow(allowed);
        queue.confirm(poll.offset);
        queue.head(poll.limit)
    });
    let batch = if batch.is_empty() && !poll.timeout.is_zero() { wait(shared, bot, &poll).await? } else { batch };
    let last = batch.iter().filter_map(|update| update["update_id"].as_i64()).max();
    if last.is_some() {
        shared.change(|world| {
            let handed_out = &mut world.bot_mut(bot).handed_out;
            *handed_out = last.max(*handed_out);
        });
    }
    Ok(Value::Array(batch))
}

/// Waits for updates as the only one who does: whoever waited before is sent away.
async fn wait(shared: &Arc<Shared>, bot: UserId, poll: &Poll) -> Result<Vec<Value>, ApiError> {
    let mut bell = shared.bell();
    let epoch = shared.change(|world| end_open_poll(world, bot, EndedBy::OtherPoll));
    let deadline = tokio::time::Instant::now() + poll.timeout;
    loop {
        bell.borrow_and_update();
        let (current, ended_by, batch) = shared.look(|world| {
            let bot = world.bot(bot);
            (bot.poll.epoch, bot.poll.ended_by, bot.updates.head(poll.limit))
        });
        if current != epoch {
            return Err(conflict(shared, bot, ended(ended_by)).await);
        }
        if !batch.is_empty() || tokio::time::timeout_at(deadline, bell.changed()).await.is_err() {
            return Ok(batch);
        }
    }
}

/// Ends the poll that is open, if one is, and gives the epoch of the next.
pub(super) fn end_open_poll(world: &mut World, bot: UserId, by: EndedBy) -> u64 {
    let poll = &mut world.bot_mut(bot).poll;
    poll.epoch += 1;
    poll.ended_by = by;
    poll.epoch
}

fn ended(by: EndedBy) -> ApiError {
    match by {
        EndedBy::OtherPoll => ApiError::OtherPoller,
        EndedBy::SetWebhook => ApiError::SetWebhookCame,
    }
}

/// The real server answers one conflict at once and holds the following ones back.
async fn conflict(shared: &Arc<Shared>, bot: UserId, error: ApiError) -> ApiError {
    let hold_back = shared.change(|world| {
        let next = &mut world.bot_mut(bot).poll.next_conflict;
        let now = Instant::now();
        let early = next.is_some_and(|next| now < next);
        if !early {
            *next = Some(now + CONFLICT_SPAN);
        }
        early.then_some(CONFLICT_SPAN)
    });
    if let Some(span) = hold_back {
        tokio::time::sleep(span).await;
    }
    error
}
