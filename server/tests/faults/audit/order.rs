//! Whether a persona's answers came in the order that the queue promises.
//!
//! A person's messages wait in a conversation from when they are written until the person is answered; one answer serves all
//! of them up to its lead. The queue owes its answers
//! - in private in the order of their leads, and
//! - in groups in the order in which people *began* to wait: by the oldest message that addresses the persona and came after
//!   the person's previous lead. A message that merely met insanity or chance waits for itself alone.
//!
//! Each conversation's answers, without what was sent again, must rise in that order; else they are *misordered*. What is sent
//! again must come before any other answer of the conversation. Whoever waited in a group when it became a supergroup is let
//! off once: the answers there don't tell whom they serve.

use std::collections::{HashMap, HashSet};

use maskarad_testbed::{ChatId, ThreadId, UserId};

use super::{Case, Defect, Verdict};
use crate::log::Attempt;
use crate::script::{Want, Written};

/// A conversation, its chat by the id that it had.
type Place = (UserId, ChatId, Option<ThreadId>);

/// How far a conversation has come.
#[derive(Default)]
struct Progress {
    /// The lead of the last attempt.
    lead: Option<u64>,
    /// Leads that were left behind.
    past: HashSet<u64>,
    /// Since when the person of the last lead that was answered had waited.
    waited_since: u64,
    /// Each person's last lead.
    served: HashMap<UserId, u64>,
}

pub(super) fn judge(case: &Case<'_>, verdict: &mut Verdict) {
    let asking = asking(case);
    let mut conversations: HashMap<Place, Progress> = HashMap::new();
    for attempt in case.evidence.attempts {
        let Some((_, lead)) = case.lead(attempt) else { continue };
        let Some(want @ (Want::Answer(_) | Want::Whim(_))) = lead.wants.get(&attempt.bot) else { continue };
        if case.is_notice(attempt) || attempt.chat != lead.chat {
            continue;
        }
        let place = (attempt.bot, lead.chat, lead.thread);
        let let_off = case.evidence.script.moved.values().any(|to| *to == lead.chat);
        let progress = conversations.entry(place).or_default();
        let asked = asking.get(&place).map(Vec::as_slice).unwrap_or_default();
        if let Some(what) = progress.step(attempt, lead, (*want, let_off), asked) {
            verdict.find(Defect::Misordered, what);
        }
    }
}

/// The messages that address each persona, in each conversation: author and place in the order.
fn asking(case: &Case<'_>) -> HashMap<Place, Vec<(UserId, u64)>> {
    let mut asking: HashMap<Place, Vec<(UserId, u64)>> = HashMap::new();
    for written in case.written() {
        for (bot, want) in &written.wants {
            if matches!(want, Want::Answer(_)) {
                let place = (*bot, written.chat, written.thread);
                asking.entry(place).or_default().push((written.author, written.sequence));
            }
        }
    }
    asking
}

impl Progress {
    /// The next attempt of the conversation; what is wrong with it.
    fn step(
        &mut self,
        attempt: &Attempt,
        lead: &Written,
        (want, let_off): (Want, bool),
        asked: &[(UserId, u64)],
    ) -> Option<String> {
        let Attempt { number, chat, bot, .. } = attempt;
        let what = |why: &str| Some(format!("call {number} of bot {bot} in chat {chat} for {}: {why}", lead.message));
        if self.lead == Some(lead.sequence) {
            return None;
        }
        let again = !self.past.insert(lead.sequence);
        self.lead = Some(lead.sequence);
        let served = self.served.insert(lead.author, lead.sequence);
        if again {
            return attempt.accepted.and_then(|_| what("sent again after another answer"));
        }
        if served.is_none() && let_off {
            return None;
        }
        let since = match want {
            Want::Answer(_) => {
                let waits = |(author, at): &&(UserId, u64)| {
                    *author == lead.author && *at <= lead.sequence && served.is_none_or(|served| *at > served)
                };
                asked.iter().filter(waits).map(|(_, at)| *at).min()
            }
            _ => Some(lead.sequence),
        };
        let Some(since) = since else { return what("the person had been answered to a later message") };
        if since < self.waited_since {
            return what("another person had begun to wait later and was answered earlier");
        }
        self.waited_since = since;
        None
    }
}
