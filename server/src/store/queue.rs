//! Questions about jobs: who waits for a reply, what can be delivered, how many there were. Changes nothing.
//!
//! Every state has its own index, which a statement takes only where it names that state alone.

use time::OffsetDateTime;

use super::dialect::{Dialect, Session, values};
use super::{Job, JobId, Result, pauses, rows};
use crate::chat::{ChatKey, Conversation, PersonaName, Seat, UserId};

/// Conversations with a pending job and no reply under way; directed ones first, then the oldest.
pub(super) async fn waiting<D: Dialect>(
    session: &mut Session<'_, D>,
    seats: &[Seat],
    limit: u32,
) -> Result<Vec<Conversation>> {
    let sql = format!(
        "select {columns} from (
             select {columns}, min(case when directed then 0 else 1 end) as undirected, min(created_at) as oldest,
                    min(id) as first
             from jobs where state = 'pending' and {ours} group by {columns}) as waiting
         where not exists (
             select 1 from jobs as busy where busy.state = 'running' and {same})
           and not exists (
             select 1 from jobs as busy where busy.state = 'sending' and busy.trigger_kind <> 'notice' and {same})
           and not exists (
             select 1 from jobs as busy where busy.state = 'ready' and busy.trigger_kind <> 'notice' and {same})
         order by undirected, oldest, first limit $2",
        same = "busy.persona = waiting.persona and busy.transport = waiting.transport
                and busy.chat_id = waiting.chat_id and busy.thread_id = waiting.thread_id",
        columns = rows::CONVERSATION,
        ours = D::one_of(SEAT, 1),
    );
    session.rows(sql, values![&seat_list(seats), limit]).await?.iter().map(rows::conversation).collect()
}

/// The pending jobs of a conversation: the oldest directed ones and the newest others, together oldest first.
pub(super) async fn pending<D: Dialect>(
    session: &mut Session<'_, D>,
    conversation: &Conversation,
    limit: u32,
) -> Result<Vec<Job>> {
    let here = "persona = $1 and transport = $2 and chat_id = $3 and thread_id = $4
                and state = 'pending'";
    let sql = format!(
        "select {columns} from jobs where id in (
             select id from (select id from jobs where {here} and directed order by id limit $5) as directed_jobs
             union all
             select id from (select id from jobs where {here} and not directed order by id desc limit $5) as other_jobs)
         order by id",
        columns = rows::JOB,
    );
    let chat = conversation.chat;
    let values = values![&conversation.persona, chat.transport, chat.id, chat.thread, limit];
    session.rows(sql, values).await?.iter().map(rows::job).collect()
}

/// Where a job's answer belongs.
pub(super) async fn conversation<D: Dialect>(session: &mut Session<'_, D>, job: JobId) -> Result<Option<Conversation>> {
    let sql = format!("select {columns} from jobs where id = $1", columns = rows::CONVERSATION);
    session.row(sql, values![job]).await?.as_ref().map(rows::conversation).transpose()
}

/// The oldest ready job of each chat that is neither busy nor paused, oldest first. Jobs that share another one's reply aren't delivered.
pub(super) async fn deliverable<D: Dialect>(
    session: &mut Session<'_, D>,
    seats: &[Seat],
    busy: &[ChatKey],
    now: OffsetDateTime,
    limit: u32,
) -> Result<Vec<Job>> {
    let sql = format!(
        "select {columns} from jobs where id in (
             select min(id) from jobs
             where state = 'ready' and lead_id is null and {ours} and not ({busy}) and {awake}
             group by persona, transport, chat_id)
         order by id limit $4",
        columns = rows::JOB,
        ours = D::one_of(SEAT, 1),
        busy = D::one_of("(persona || '/' || transport || '/' || chat_id)", 2),
        awake = pauses::none(3),
    );
    let busy: Vec<String> = busy.iter().map(path).collect();
    session.rows(sql, values![&seat_list(seats), &busy, now, limit]).await?.iter().map(rows::job).collect()
}

/// How many replies a chat has asked for since then: messages that got none of their own don't count.
pub(super) async fn count_in_chat<D: Dialect>(
    session: &mut Session<'_, D>,
    key: &ChatKey,
    since: OffsetDateTime,
) -> Result<u64> {
    let sql = "select count(*) as count from jobs
               where persona = $1 and transport = $2 and chat_id = $3 and created_at >= $4
                 and trigger_kind <> 'notice'
                 and (outcome is null or outcome not in ('shared', 'coalesced', 'reset'))";
    session.count(sql, values![&key.persona, key.transport, key.chat, since]).await
}

/// How many replies a person has asked for since then, counted alike.
pub(super) async fn count_of_user<D: Dialect>(
    session: &mut Session<'_, D>,
    persona: &PersonaName,
    user: UserId,
    since: OffsetDateTime,
) -> Result<u64> {
    let sql = "select count(*) as count from jobs
               where persona = $1 and sender_id = $2 and created_at >= $3 and trigger_kind <> 'notice'
                 and (outcome is null or outcome not in ('shared', 'coalesced', 'reset'))";
    session.count(sql, values![persona, user, since]).await
}

/// A row's seat as one text, so that a list of seats is one parameter; no name holds a slash.
const SEAT: &str = "(persona || '/' || transport)";

fn seat_list(seats: &[Seat]) -> Vec<String> {
    seats.iter().map(|seat| format!("{}/{}", seat.persona, seat.transport.as_str())).collect()
}

/// A chat as one text, likewise.
pub(super) fn path(key: &ChatKey) -> String {
    format!("{}/{}/{}", key.persona, key.transport.as_str(), key.chat)
}
