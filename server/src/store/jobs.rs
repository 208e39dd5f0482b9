//! Statements that change jobs. Each names the state it starts from, so that of two rivals only one succeeds.
//!
//! Jobs that share a reply point to the lead (`lead_id`) and are always in the lead's state. Whoever works on a job shows
//! the lease under which it does.

use time::OffsetDateTime;

use super::dialect::{Dialect, Session, values};
use super::{
    Claim, Finish, HistoryMessage, JobId, JobState, Lease, NewJob, Outcome, Reply, Result, Sent, history, leases,
    names, rows,
};
use crate::chat::Conversation;

/// Writes a job and returns its row; nothing when its message has one already.
pub(super) async fn enqueue<D: Dialect>(
    session: &mut Session<'_, D>,
    job: &NewJob,
    now: OffsetDateTime,
) -> Result<Option<i64>> {
    let sql =
        "insert into jobs (persona, transport, chat_id, thread_id, chat_kind, message_id, sender_id, trigger_kind,
                                 directed, seed, state, reply, reply_outcome, created_at, changed_at, request)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
               on conflict do nothing returning id";
    let state = if job.notice.is_some() { JobState::Ready } else { JobState::Pending };
    let chat = job.conversation.chat;
    let values = values![
        &job.conversation.persona,
        chat.transport,
        chat.id,
        chat.thread,
        names::chat_kind(job.chat_kind),
        job.message,
        job.sender,
        job.trigger.as_str(),
        job.trigger.is_directed(),
        job.seed,
        state.as_str(),
        job.notice.as_deref(),
        job.notice.as_ref().map(|_| Outcome::Answered.as_str()),
        job.created_at,
        now,
        job.request.as_str(),
    ];
    let row = session.row(sql, values).await?;
    row.map(|row| rows::integer(&row, "id")).transpose()
}

/// Pending jobs of one conversation that nobody asked for; older ones are coalesced.
pub const MOST_AMBIENT: u32 = 20;

/// Coalesces the oldest pending jobs of a conversation that nobody asked for, where they are too many.
pub(super) async fn thin_out<D: Dialect>(
    session: &mut Session<'_, D>,
    conversation: &Conversation,
    now: OffsetDateTime,
) -> Result<()> {
    let here = "persona = $1 and transport = $2 and chat_id = $3 and thread_id = $4 and state = 'pending'
                and not directed";
    let sql = format!(
        "update jobs set state = 'done', outcome = $5, changed_at = $6
         where {here} and id <= (select id from jobs where {here} order by id desc limit 1 offset $7)"
    );
    let (chat, outcome) = (conversation.chat, Outcome::Coalesced.as_str());
    let values = values![&conversation.persona, chat.transport, chat.id, chat.thread, outcome, now, MOST_AMBIENT];
    session.execute(sql, values).await?;
    Ok(())
}

/// Ends the oldest pending jobs that nobody asked for, at most so many; returns how many.
pub(super) async fn shed<D: Dialect>(session: &mut Session<'_, D>, count: u64, now: OffsetDateTime) -> Result<u64> {
    let sql = "update jobs set state = 'done', outcome = $1, changed_at = $2 where id in (
                   select id from jobs where state = 'pending' and not directed order by id limit $3)";
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    session.execute(sql, values![Outcome::Overloaded.as_str(), now, count]).await
}

/// Ends the pending jobs of a conversation, but for those to be kept.
pub(super) async fn reset<D: Dialect>(
    session: &mut Session<'_, D>,
    conversation: &Conversation,
    keep: &Vec<i64>,
    now: OffsetDateTime,
) -> Result<()> {
    let sql = format!(
        "update jobs set state = 'done', outcome = $5, changed_at = $6
         where persona = $1 and transport = $2 and chat_id = $3 and thread_id = $4
           and state = 'pending' and not ({keep})",
        keep = D::one_of("id", 7),
    );
    let chat = conversation.chat;
    let outcome = Outcome::Reset.as_str();
    let values = values![&conversation.persona, chat.transport, chat.id, chat.thread, outcome, now, keep];
    session.execute(sql, values).await?;
    Ok(())
}

/// Claims a job; `false`, and nothing changed, when the lead is not pending.
pub(super) async fn claim<D: Dialect>(
    session: &mut Session<'_, D>,
    lease: &Lease,
    claim: &Claim,
    now: OffsetDateTime,
) -> Result<bool> {
    leases::check(session, lease).await?;
    let start = "update jobs set state = 'running', lead_id = $2, epoch = $3, changed_at = $4
                 where id = $1 and state = 'pending'";
    if session.execute(start, values![claim.lead, None::<JobId>, lease.epoch, now]).await? == 0 {
        return Ok(false);
    }
    for &job in &claim.shared {
        session.execute(start, values![job, Some(claim.lead), lease.epoch, now]).await?;
    }
    let end = "update jobs set state = 'done', outcome = $2, changed_at = $3 where id = $1 and state = 'pending'";
    for &job in &claim.coalesced {
        session.execute(end, values![job, Outcome::Coalesced.as_str(), now]).await?;
    }
    Ok(true)
}

/// Stores the reply of a running job.
pub(super) async fn ready<D: Dialect>(
    session: &mut Session<'_, D>,
    lease: &Lease,
    job: JobId,
    reply: &Reply,
    now: OffsetDateTime,
) -> Result<()> {
    leases::check(session, lease).await?;
    let lead = "update jobs set state = 'ready', reply = $2, reply_outcome = $3, reason = $4, changed_at = $5
                where id = $1 and state = 'running'";
    session
        .execute(lead, values![job, reply.text.as_str(), reply.outcome.as_str(), reply.reason.as_deref(), now])
        .await?;
    let shared = "update jobs set state = 'ready', changed_at = $2 where lead_id = $1 and state = 'running'";
    session.execute(shared, values![job, now]).await?;
    Ok(())
}

/// Notes that a reply is about to be sent; returns which attempt it is, or nothing when the job isn't ready.
pub(super) async fn begin_send<D: Dialect>(
    session: &mut Session<'_, D>,
    lease: &Lease,
    job: JobId,
    now: OffsetDateTime,
) -> Result<Option<u32>> {
    leases::check(session, lease).await?;
    let lead = "update jobs set state = 'sending', attempts = attempts + 1, epoch = $2, changed_at = $3
                where id = $1 and state = 'ready' returning attempts";
    let Some(row) = session.row(lead, values![job, lease.epoch, now]).await? else { return Ok(None) };
    let shared = "update jobs set state = 'sending', epoch = $2, changed_at = $3
                  where lead_id = $1 and state = 'ready'";
    session.execute(shared, values![job, lease.epoch, now]).await?;
    Ok(Some(u32::try_from(rows::integer(&row, "attempts")?).unwrap_or(u32::MAX)))
}

/// Gives back a job whose send has ended without a delivery: it may be sent again.
pub(super) async fn put_back<D: Dialect>(
    session: &mut Session<'_, D>,
    lease: &Lease,
    job: JobId,
    sent: Sent,
) -> Result<()> {
    leases::check(session, lease).await?;
    let counted: i64 = match sent {
        Sent::Refused => 0,
        Sent::Unknown => 1,
    };
    let lead = "update jobs set state = 'ready', attempts = attempts - 1 + $2 where id = $1 and state = 'sending'";
    session.execute(lead, values![job, counted]).await?;
    let shared = "update jobs set state = 'ready' where lead_id = $1 and state = 'sending'";
    session.execute(shared, values![job]).await?;
    Ok(())
}

/// Gives a running job back, with those that share it.
pub(super) async fn release<D: Dialect>(session: &mut Session<'_, D>, lease: &Lease, job: JobId) -> Result<()> {
    leases::check(session, lease).await?;
    let sql = "update jobs set state = 'pending', lead_id = null where (id = $1 or lead_id = $1) and state = 'running'";
    session.execute(sql, values![job]).await?;
    Ok(())
}

/// Ends a job with those that share it, and remembers what was delivered.
pub(super) async fn finish<D: Dialect>(session: &mut Session<'_, D>, lease: &Lease, finish: &Finish) -> Result<()> {
    leases::check(session, lease).await?;
    if let Some(message) = &finish.delivered {
        history::lock(session, &message.conversation.key()).await?;
    }
    let lead = "update jobs set state = 'done', outcome = $2, reason = $3, changed_at = $4
                where id = $1 and state <> 'done'";
    let reason = finish.reason.as_deref();
    if session.execute(lead, values![finish.job, finish.outcome.as_str(), reason, finish.at]).await? == 0 {
        return Ok(());
    }
    // A message whose reply never arrived must not count as answered.
    let outcome = if finish.outcome.is_delivered() { Outcome::Shared } else { finish.outcome };
    let shared = "update jobs set state = 'done', outcome = $2, changed_at = $3 where lead_id = $1 and state <> 'done'";
    session.execute(shared, values![finish.job, outcome.as_str(), finish.at]).await?;
    match &finish.delivered {
        Some(message) if stands(session, message).await? => history::remember(session, message, finish.at).await,
        _ => Ok(()),
    }
}

/// Whether what a reply answers is still there: a conversation that was forgotten meanwhile must not begin with the reply.
async fn stands<D: Dialect>(session: &mut Session<'_, D>, reply: &HistoryMessage) -> Result<bool> {
    match reply.reply_to {
        Some(id) => Ok(history::message(session, &reply.conversation.key(), id).await?.is_some()),
        None => Ok(true),
    }
}
