//! Who got an answer, and whether each answer stands where it belongs.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use maskarad_testbed::{ChatId, Fault, Outcome, UserId};

use super::{Case, Conversation, Defect, Fate, Verdict};
use crate::log::Attempt;
use crate::script::{Want, Written};

/// Where each person's answered messages stand in each conversation.
type Places = HashMap<(Conversation, UserId), Vec<u64>>;

/// What bots sent, sorted by what it means for those who waited.
#[derive(Default)]
struct Sorted {
    /// Messages that were answered, by message and persona.
    answered: HashSet<(usize, UserId)>,
    /// The leads of answers.
    leads: Places,
    /// The leads of answers that were refused for good.
    refused: Places,
    /// The leads of sends that no daemon knows the outcome of; twice in the list after two of them.
    unknown: Places,
    /// Answers in a supergroup to messages of the group that it was: they can't be replied to any more.
    loose: BTreeMap<(UserId, ChatId), usize>,
    /// Such answers that were refused for good, and those of which two sends had an unknown outcome, in halves.
    loose_halves: BTreeMap<(UserId, ChatId), usize>,
}

pub(super) fn judge(case: &Case<'_>, verdict: &mut Verdict) {
    let mut sorted = Sorted::default();
    for attempt in case.evidence.attempts {
        if attempt.accepted.is_some() {
            accepted(case, attempt, &mut sorted, verdict);
        } else {
            not_accepted(case, attempt, &mut sorted, verdict);
        }
    }
    cut_off(case, &mut sorted);
    let mut open = Vec::new();
    for (index, written) in case.written().iter().enumerate() {
        for (bot, want) in &written.wants {
            let fate = sorted.fate(case, (index, *bot), *want);
            if fate == Fate::Lost {
                open.push((index, *bot));
            }
            verdict.fates.insert((index, *bot), fate);
        }
    }
    moved(case, &sorted, &open, verdict);
    for (index, bot) in open {
        if verdict.fates[&(index, bot)] == Fate::Lost {
            let Written { chat, message, wants, .. } = &case.written()[index];
            verdict.find(Defect::Lost, format!("message {message} in chat {chat} for bot {bot}: {:?}", wants[&bot]));
        }
    }
}

/// Whether an accepted message stands where it belongs, and whom it serves.
fn accepted(case: &Case<'_>, attempt: &Attempt, sorted: &mut Sorted, verdict: &mut Verdict) {
    let Attempt { bot, chat, number, .. } = attempt;
    let place = format!("call {number} of bot {bot} in chat {chat}");
    let Some((index, lead)) = case.lead(attempt) else {
        if attempt.answers.is_none() && case.evidence.script.moved.values().any(|to| to == chat) {
            *sorted.loose.entry((*bot, *chat)).or_default() += 1;
        } else {
            verdict.find(Defect::Stray, format!("{place} answers {:?}", attempt.answers));
        }
        return;
    };
    let thread = attempt.accepted.and_then(|accepted| accepted.thread);
    if (*chat, thread) != (lead.chat, lead.thread) {
        let (there, topic) = (lead.chat, lead.thread);
        verdict
            .find(Defect::WrongPlace, format!("{place}, topic {thread:?}, belongs to chat {there}, topic {topic:?}"));
        return;
    }
    match lead.wants.get(bot) {
        None => verdict.find(Defect::WrongPersona, format!("{place} answers {}", lead.message)),
        Some(Want::Stale) => verdict.find(Defect::BeyondBacklog, format!("{place} answers {}", lead.message)),
        Some(Want::Answer(_) | Want::Whim(_)) if case.is_notice(attempt) => {}
        Some(_) => {
            sorted.answered.insert((index, *bot));
            sorted.leads.entry((case.conversation(*bot, lead), lead.author)).or_default().push(lead.sequence);
        }
    }
}

fn not_accepted(case: &Case<'_>, attempt: &Attempt, sorted: &mut Sorted, verdict: &mut Verdict) {
    let script = case.evidence.script;
    let moving = script.moved.contains_key(&attempt.chat) && attempt.fault.is_none();
    let scripted = matches!(attempt.fault, Some(Fault::Forbidden(_) | Fault::BadRequest(_)));
    let closed = attempt.outcome == Outcome::Answered(403) && script.closed.contains(&(attempt.bot, attempt.chat));
    if attempt.is_refused() && !moving && !scripted && !closed {
        verdict.find(Defect::RefusedUnasked, format!("call {} in chat {}", attempt.number, attempt.chat));
    }
    let Some((index, lead)) = case.lead(attempt) else {
        let halves = sorted.loose_halves.entry((attempt.bot, attempt.chat)).or_default();
        *halves += if attempt.is_refused() { 2 } else { usize::from(is_forgotten(attempt)) };
        return;
    };
    let place = (case.conversation(attempt.bot, lead), lead.author);
    if attempt.is_refused() && !moving {
        sorted.refused.entry(place).or_default().push(lead.sequence);
        verdict.refused.insert((index, attempt.bot));
    } else if is_forgotten(attempt) {
        sorted.unknown.entry(place).or_default().push(lead.sequence);
    }
}

/// Whether a daemon that lives on can't know what became of a call; those that a kill cut off are counted with the kill.
fn is_forgotten(attempt: &Attempt) -> bool {
    attempt.is_unknown() && attempt.outcome != Outcome::Open
}

/// Sends that a kill cut off: whoever comes up next can't know what became of them, even where nothing had gone out yet.
fn cut_off(case: &Case<'_>, sorted: &mut Sorted) {
    for kill in case.evidence.kills {
        for (bot, chat, answers) in &kill.begun {
            let Some(index) = answers.and_then(|message| case.by_message.get(&message)) else {
                *sorted.loose_halves.entry((*bot, *chat)).or_default() += 1;
                continue;
            };
            let lead = &case.written()[*index];
            let place = (case.conversation(*bot, lead), lead.author);
            sorted.unknown.entry(place).or_default().push(lead.sequence);
        }
    }
}

impl Sorted {
    fn fate(&self, case: &Case<'_>, (index, bot): (usize, UserId), want: Want) -> Fate {
        let written = &case.written()[index];
        let place = (case.conversation(bot, written), written.author);
        // Where the message's own answer, or that to the person's next one, came to such an end, so many times.
        let end = |places: &Places, times: usize| {
            let leads = places.get(&place).map(Vec::as_slice).unwrap_or_default();
            let later = leads.iter().copied().filter(|lead| *lead >= written.sequence);
            let often = later.filter(|lead| leads.iter().filter(|other| *other == lead).count() >= times);
            often.filter(|lead| want != Want::Notice || *lead == written.sequence).min()
        };
        match want {
            Want::Stale => return Fate::Backlog,
            _ if self.answered.contains(&(index, bot)) => return Fate::Answered,
            Want::Whim(_) => return Fate::Skipped,
            Want::Answer(_) if end(&self.leads, 1).is_some() => return Fate::Shared,
            Want::Answer(_) | Want::Notice => {}
        }
        match (end(&self.refused, 1), end(&self.unknown, 2)) {
            (Some(refused), unknown) if unknown.is_none_or(|unknown| refused <= unknown) => Fate::Refused,
            (_, Some(_)) => Fate::Unknown,
            _ => Fate::Lost,
        }
    }
}

/// Answers that came after a group had become a supergroup reply to nothing; they are matched by number: each person who
/// still waited gets one, in the order in which they had asked. It serves what they have written in the supergroup since, too.
/// More than there were unanswered messages are too many.
fn moved(case: &Case<'_>, sorted: &Sorted, open: &[(usize, UserId)], verdict: &mut Verdict) {
    let bots: BTreeSet<UserId> = case.evidence.attempts.iter().map(|attempt| attempt.bot).collect();
    for (from, to) in &case.evidence.script.moved {
        for bot in &bots {
            let count = |of: &BTreeMap<(UserId, ChatId), usize>| of.get(&(*bot, *to)).copied().unwrap_or(0);
            let mut left = count(&sorted.loose) + count(&sorted.loose_halves) / 2;
            let mut served = BTreeSet::new();
            for (index, _) in open.iter().filter(|(_, other)| other == bot) {
                let Written { chat, author, .. } = &case.written()[*index];
                if chat == from && left > 0 && served.insert(*author) {
                    left -= 1;
                }
                if [from, to].contains(&chat) && served.contains(author) {
                    verdict.fates.insert((*index, *bot), Fate::Moved);
                }
            }
        }
    }
}

/// How many messages of a group that moved had no reply of their own: so many answers may come after the move.
pub(super) fn unanswered_before_move(case: &Case<'_>, verdict: &Verdict, bot: UserId, to: ChatId) -> usize {
    let before = |written: &Written| case.evidence.script.moved.get(&written.chat) == Some(&to);
    let written = case.written().iter().enumerate().filter(|(_, written)| before(written));
    written
        .filter(|(index, _)| matches!(verdict.fates.get(&(*index, bot)), Some(fate) if *fate != Fate::Answered))
        .count()
}
