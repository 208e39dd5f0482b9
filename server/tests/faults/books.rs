//! The second check: whether the database's books say the same as the auditor. Never instead of it.

use std::collections::{BTreeMap, HashMap};

use maskarad_testbed::{ChatId, MessageId, UserId};

use crate::audit::{Fate, Verdict};
use crate::cast::Cast;
use crate::ground::Ground;
use crate::script::{Script, Want, Written};

/// A finished act's jobs.
pub(crate) struct Books {
    jobs: HashMap<(UserId, ChatId, MessageId), Job>,
    /// How many jobs ended how.
    pub(crate) outcomes: BTreeMap<String, usize>,
}

struct Job {
    trigger: String,
    state: String,
    outcome: String,
    /// Of the job whose reply answers this one too: its message, and how it ended. Empty where there is none.
    lead: String,
}

impl Books {
    /// Reads all jobs.
    pub(crate) async fn read(ground: &mut Ground, cast: &Cast) -> Self {
        let sql = "select job.persona, cast(job.chat_id as text), cast(job.message_id as text), job.trigger_kind, job.state,
                          coalesce(job.outcome, ''),
                          cast(lead.message_id as text) || ' in chat ' || cast(lead.chat_id as text) || ', ' || lead.outcome
                     from jobs job left join jobs lead on lead.id = job.lead_id";
        let mut books = Self { jobs: HashMap::new(), outcomes: BTreeMap::new() };
        for row in ground.rows(sql).await {
            let row = row.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>();
            let [persona, chat, message, trigger, state, outcome, lead] =
                <[_; 7]>::try_from(row).expect("seven columns");
            let bot = cast.part_named(&persona).bot.id();
            let key = (bot, ChatId(chat.parse().unwrap()), MessageId(message.parse().unwrap()));
            *books
                .outcomes
                .entry(format!("{} {outcome}", if trigger == "notice" { "notice" } else { "reply" }))
                .or_default() += 1;
            books.jobs.insert(key, Job { trigger, state, outcome, lead });
        }
        books
    }

    /// Everything in which books and verdict differ.
    pub(crate) fn differences(&self, script: &Script, verdict: &Verdict) -> Vec<String> {
        let mut differences = Vec::new();
        for ((index, bot), fate) in &verdict.fates {
            let written = &script.written[*index];
            let job = self.job(script, *bot, written);
            let refused = verdict.refused.contains(&(*index, *bot));
            let moved = script.moved.iter().any(|(from, to)| [from, to].contains(&&written.chat));
            let ended = Ended { fate: *fate, refused, moved };
            if let Some(difference) = difference(job, written.wants[bot], &ended) {
                let (chat, message) = (written.chat, written.message);
                differences.push(format!("message {message} in chat {chat} for bot {bot}: {difference}"));
            }
        }
        differences.extend(self.uncalled_for(script));
        differences
    }

    /// A message's job. One that was unfinished when its group became a supergroup moved there, and has a number below zero.
    fn job(&self, script: &Script, bot: UserId, written: &Written) -> Option<&Job> {
        let moved = || self.jobs.get(&(bot, *script.moved.get(&written.chat)?, MessageId(!written.message.0)));
        self.jobs.get(&(bot, written.chat, written.message)).or_else(moved)
    }

    /// Jobs for messages that deserve nothing.
    fn uncalled_for(&self, script: &Script) -> Vec<String> {
        let wants: HashMap<MessageId, _> =
            script.written.iter().map(|written| (written.message, &written.wants)).collect();
        let uncalled = self.jobs.iter().filter(|((bot, _, message), _)| {
            let want = wants.get(message).and_then(|wants| wants.get(bot));
            message.0 > 0 && want.is_none_or(|want| *want == Want::Stale)
        });
        uncalled
            .map(|((bot, chat, message), job)| {
                format!(
                    "bot {bot} has a job ({}) for message {message} in chat {chat}, which deserves none",
                    job.trigger
                )
            })
            .collect()
    }
}

/// How the auditor saw a message end.
struct Ended {
    fate: Fate,
    /// Whether its answer was refused for good at some time, though it may have arrived before.
    refused: bool,
    /// Whether its group became a supergroup: answers there don't always tell whom they serve.
    moved: bool,
}

fn difference(job: Option<&Job>, want: Want, ended: &Ended) -> Option<String> {
    let fate = ended.fate;
    let Some(job) = job else {
        let may_lack = matches!(want, Want::Stale | Want::Whim("chance"));
        return (!may_lack || fate == Fate::Answered).then(|| format!("{fate:?}, and there is no job"));
    };
    let trigger = match want {
        Want::Answer(trigger) | Want::Whim(trigger) => trigger,
        Want::Notice => "notice",
        Want::Stale => "none",
    };
    let allowed: &[&str] = match (want, fate) {
        (_, Fate::Shared | Fate::Moved | Fate::Refused | Fate::Unknown) if ended.moved => {
            &["answered", "fallback", "shared", "unknown", "forbidden", "rejected"]
        }
        (_, Fate::Answered) if ended.refused => &["answered", "fallback", "unknown", "forbidden", "rejected"],
        (_, Fate::Answered) => &["answered", "fallback", "unknown"],
        // Its lead may have arrived nowhere, and a later message have been answered.
        (_, Fate::Shared) => &["shared", "unknown", "forbidden", "rejected"],
        (_, Fate::Skipped) => &["coalesced", "discarded", "shared", "unknown", "forbidden", "rejected", "overloaded"],
        (_, Fate::Refused) => &["forbidden", "rejected"],
        (_, Fate::Unknown) => &["unknown"],
        (_, Fate::Backlog | Fate::Lost | Fate::Moved) => &[],
    };
    let Job { state, outcome, lead, .. } = job;
    let right = job.trigger == trigger && state == "done" && allowed.contains(&outcome.as_str());
    (!right)
        .then(|| format!("{fate:?} ({trigger}), and the books say {} {state} {outcome} (lead: {lead})", job.trigger))
}
