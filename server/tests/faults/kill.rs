//! Where a kill struck: what the database and the emulator's log say afterwards.

use std::collections::BTreeSet;
use std::ops::Range;

use maskarad_testbed::{ChatId, MessageId};

use crate::cast::Cast;
use crate::ground::Ground;
use crate::log::{AnswerKey, Attempt};

/// Where on its way a message is struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// The emulator has handed it out, and the database doesn't have it.
    Fetched,
    /// It waits to be routed, or its job waits to be claimed.
    Queued,
    /// Its reply is being made.
    Generating,
    /// Its reply is on its way: the call had been made, and was not recorded as done.
    Sending,
    /// Wherever it happens to be.
    Anywhere,
}

impl Phase {
    /// All of them, in order.
    pub(crate) const ALL: [Self; 5] = [Self::Fetched, Self::Queued, Self::Generating, Self::Sending, Self::Anywhere];
}

/// How many messages a kill found in each phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) fetched: usize,
    pub(crate) queued: usize,
    pub(crate) generating: usize,
    /// Calls that had not been carried out.
    pub(crate) sending: usize,
    /// Calls that had been carried out.
    pub(crate) sent: usize,
}

impl Found {
    /// Whether the phase was struck.
    pub(crate) fn struck(&self, phase: Phase) -> bool {
        match phase {
            Phase::Fetched => self.fetched > 0,
            Phase::Queued => self.queued > 0,
            Phase::Generating => self.generating > 0,
            Phase::Sending => self.sending + self.sent > 0,
            Phase::Anywhere => true,
        }
    }
}

/// A `kill -9`.
#[derive(Clone, Debug)]
pub(crate) struct Kill {
    /// What it was aimed at.
    pub(crate) aimed: Phase,
    /// What it found.
    pub(crate) found: Found,
    /// Replies that were not recorded as done.
    pub(crate) unrecorded: BTreeSet<AnswerKey>,
    /// Those of which the books say that a send had begun, whether or not the call ever reached the emulator.
    pub(crate) begun: BTreeSet<AnswerKey>,
    /// The calls that the daemon made in its life, by number.
    pub(crate) life: Range<u64>,
}

/// An unfinished job.
struct Unfinished {
    state: String,
    key: AnswerKey,
}

/// Looks where a kill struck that was aimed so; `made` are the calls that the dead daemon made in its life.
pub(crate) async fn post_mortem(
    (ground, cast): (&mut Ground, &Cast),
    aimed: Phase,
    life: Range<u64>,
    made: &[Attempt],
) -> Kill {
    let jobs = unfinished(ground, cast).await;
    let keys = |states: &[&str]| -> BTreeSet<AnswerKey> {
        jobs.iter().filter(|job| states.contains(&job.state.as_str())).map(|job| job.key).collect()
    };
    let count = |state: &str| jobs.iter().filter(|job| job.state == state).count();
    let unrecorded = keys(&["ready", "sending"]);
    let calls = made.iter().filter(|call| unrecorded.contains(&call.key()));
    let (sent, others): (Vec<_>, Vec<_>) = calls.partition(|call| call.accepted.is_some());
    let waiting = ground.number("select count(*) from inbox where routed_at is null").await;
    let found = Found {
        fetched: fetched(ground, cast).await,
        queued: usize::try_from(waiting).unwrap() + count("pending"),
        generating: count("running"),
        sending: others.iter().filter(|call| call.outcome == maskarad_testbed::Outcome::Open).count(),
        sent: sent.len(),
    };
    Kill { aimed, found, unrecorded, begun: keys(&["sending"]), life }
}

async fn unfinished(ground: &mut Ground, cast: &Cast) -> Vec<Unfinished> {
    let sql = "select state, persona, cast(chat_id as text), cast(message_id as text) from jobs where state <> 'done'";
    let rows = ground.rows(sql).await;
    rows.into_iter()
        .map(|row| {
            let [state, persona, chat, message] = <[_; 4]>::try_from(row).expect("four columns").map(Option::unwrap);
            let message = MessageId(message.parse().unwrap());
            // One below zero is a message of a group that became a supergroup: nothing can reply to it.
            let answers = (message.0 > 0).then_some(message);
            let key = (cast.part_named(&persona).bot.id(), ChatId(chat.parse().unwrap()), answers);
            Unfinished { state, key }
        })
        .collect()
}

/// Updates that the emulator has handed out and the inbox doesn't have; none of them was ever confirmed.
async fn fetched(ground: &mut Ground, cast: &Cast) -> usize {
    let mut count = 0;
    for part in &cast.parts {
        let Some(handed_out) = part.bot.handed_out() else { continue };
        let sql = format!("select coalesce(max(update_id), 0) from inbox where bot_id = {}", part.bot.id());
        let stored = ground.number(&sql).await;
        let pending = part.bot.pending();
        let ids = pending.iter().filter_map(|update| update["update_id"].as_i64());
        count += ids.filter(|id| *id <= handed_out && *id > stored).count();
    }
    count
}
