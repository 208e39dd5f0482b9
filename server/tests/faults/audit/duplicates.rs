//! What arrived more than once, and why.

use std::collections::HashMap;

use maskarad_testbed::Outcome;

use super::{Case, Defect, Verdict, answers};
use crate::log::{AnswerKey, Attempt};

/// A message that arrived again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Duplicate {
    /// What it answers.
    pub(crate) key: AnswerKey,
    /// The calls by which it arrived first and again.
    pub(crate) calls: (u64, u64),
    /// Why.
    pub(crate) cause: Option<Cause>,
}

/// Why a daemon sent something again that had arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It was killed, by the kill of this number, before it had recorded the acceptance.
    Kill(usize),
    /// The answer to its call was lost.
    AnswerLost,
}

pub(super) fn judge(case: &Case<'_>, verdict: &mut Verdict) {
    count_chances(case, verdict);
    let mut arrived: HashMap<AnswerKey, Vec<&Attempt>> = HashMap::new();
    for attempt in case.evidence.attempts.iter().filter(|attempt| attempt.accepted.is_some()) {
        arrived.entry(attempt.key()).or_default().push(attempt);
    }
    let mut arrived: Vec<_> = arrived.into_iter().filter(|(_, calls)| calls.len() > 1).collect();
    arrived.sort_unstable_by_key(|(_, calls)| calls[0].number);
    for (key, calls) in arrived {
        let expected = match key.2 {
            Some(_) => 1,
            None => answers::unanswered_before_move(case, verdict, key.0, key.1),
        };
        let again: Vec<Duplicate> = calls.windows(2).map(|pair| duplicate(case, pair[0], pair[1])).collect();
        if key.2.is_some() && calls.iter().any(|call| call.text != calls[0].text) {
            verdict.find(Defect::TwoReplies, format!("{key:?} in calls {} and later", calls[0].number));
        }
        let too_many = calls.len().saturating_sub(expected);
        let (explained, unexplained): (Vec<_>, Vec<_>) = again.into_iter().partition(|again| again.cause.is_some());
        let explained: Vec<_> = explained.into_iter().take(too_many).collect();
        for again in unexplained.iter().take(too_many - explained.len()) {
            verdict.find(Defect::Duplicated, format!("{:?} in calls {:?}", again.key, again.calls));
        }
        let unexplained = unexplained.into_iter().take(too_many - explained.len());
        verdict.duplicates.extend(explained.iter().cloned().chain(unexplained));
    }
}

/// How often a duplicate could not be helped.
fn count_chances(case: &Case<'_>, verdict: &mut Verdict) {
    let accepted = || case.evidence.attempts.iter().filter(|attempt| attempt.accepted.is_some());
    verdict.answers_lost = accepted().filter(|attempt| matches!(attempt.outcome, Outcome::AnswerLost(_))).count();
    for kill in case.evidence.kills {
        let caught = accepted().filter(|attempt| kill.life.contains(&attempt.number));
        let caught = caught.filter(|attempt| kill.unrecorded.contains(&attempt.key())).count();
        verdict.caught_between += caught;
        verdict.kills_between += usize::from(caught > 0);
    }
}

fn duplicate(case: &Case<'_>, first: &Attempt, second: &Attempt) -> Duplicate {
    let killed = case.evidence.kills.iter().position(|kill| {
        kill.life.contains(&first.number)
            && !kill.life.contains(&second.number)
            && kill.unrecorded.contains(&first.key())
    });
    let lost = matches!(first.outcome, Outcome::AnswerLost(_)).then_some(Cause::AnswerLost);
    let cause = lost.or(killed.map(Cause::Kill));
    Duplicate { key: first.key(), calls: (first.number, second.number), cause }
}
