//! The auditor: compares what people wrote with what they got, from the emulator's log alone.
//!
//! Its words:
//! - An *answer* is an accepted message of a persona that replies to a person's message, the *lead*, in the lead's chat and
//!   topic. The daemon's notices are no answers, except to commands.
//! - A *conversation* is what one persona hears in one chat and topic; a group that became a supergroup goes on with it.
//! - *Shared*: not answered itself, but a later message of the same person in the same conversation was.
//! - *Skipped*: insanity and chance only. *Backlog*: dated beyond the limit when it was written; must not be answered.
//! - *Refused*: the answer was refused for good, by a scripted fault or because the person had blocked the bot.
//! - *Unknown*: two sends whose outcome nobody could know, and nothing arrived.
//! - *Lost*: none of these.
//! - *Misordered*: see [`order`].

mod answers;
mod duplicates;
mod order;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use maskarad_testbed::{ChatId, MessageId, ThreadId, UserId};

pub(crate) use duplicates::{Cause, Duplicate};

use crate::kill::Kill;
use crate::log::Attempt;
use crate::script::{Script, Written};

/// What the auditor is given.
pub(crate) struct Evidence<'a> {
    /// What people did.
    pub(crate) script: &'a Script,
    /// What bots attempted, in order.
    pub(crate) attempts: &'a [Attempt],
    /// When daemons died, and which replies were not recorded as done.
    pub(crate) kills: &'a [Kill],
    /// The daemon's own texts that answer nobody.
    pub(crate) notices: &'a [String],
}

/// What became of what a message deserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Fate {
    Answered,
    Shared,
    /// By an answer that came after the group had become a supergroup, where it can't tell whom it serves.
    Moved,
    Skipped,
    Backlog,
    Refused,
    Unknown,
    Lost,
}

/// What the auditor found.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// What became of each message that deserved something, by message and persona.
    pub(crate) fates: BTreeMap<(usize, UserId), Fate>,
    /// Answers that were refused for good at some time, by message and persona.
    pub(crate) refused: BTreeSet<(usize, UserId)>,
    /// What must not be.
    pub(crate) findings: Vec<Finding>,
    /// Messages that arrived again.
    pub(crate) duplicates: Vec<Duplicate>,
    /// Kills that fell between an acceptance and its record.
    pub(crate) kills_between: usize,
    /// How many answers were accepted and not recorded when they did; one kill may catch several.
    pub(crate) caught_between: usize,
    /// Accepted answers of which the daemon never heard.
    pub(crate) answers_lost: usize,
}

/// What must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Of which kind.
    pub(crate) defect: Defect,
    /// Where, in words without anybody's text.
    pub(crate) what: String,
}

/// The kinds of defects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Defect {
    /// A message got nothing.
    Lost,
    /// An answer came in the wrong order.
    Misordered,
    /// An answer came into another chat or topic.
    WrongPlace,
    /// A persona answered that had no business to.
    WrongPersona,
    /// An answer to a message of the backlog.
    BeyondBacklog,
    /// A message that answers nothing.
    Stray,
    /// A refusal for good that nobody scripted.
    RefusedUnasked,
    /// A message that arrived again without a kill or a lost answer to explain it.
    Duplicated,
    /// The same message answered twice, in different words.
    TwoReplies,
}

impl Defect {
    /// All of them, in the order of reports.
    pub(crate) const ALL: [Self; 9] = [
        Self::Lost,
        Self::Misordered,
        Self::WrongPlace,
        Self::WrongPersona,
        Self::BeyondBacklog,
        Self::Stray,
        Self::RefusedUnasked,
        Self::Duplicated,
        Self::TwoReplies,
    ];
}

/// What one persona hears in one chat and topic.
type Conversation = (UserId, ChatId, Option<ThreadId>);

/// Everything that happened, looked up easily.
struct Case<'a> {
    evidence: &'a Evidence<'a>,
    by_message: HashMap<MessageId, usize>,
}

impl<'a> Case<'a> {
    fn new(evidence: &'a Evidence<'a>) -> Self {
        let written = evidence.script.written.iter().enumerate();
        Self { evidence, by_message: written.map(|(index, written)| (written.message, index)).collect() }
    }

    fn written(&self) -> &'a [Written] {
        &self.evidence.script.written
    }

    /// The message that an attempt answers.
    fn lead(&self, attempt: &Attempt) -> Option<(usize, &'a Written)> {
        let index = *self.by_message.get(&attempt.answers?)?;
        Some((index, &self.written()[index]))
    }

    /// The conversation in which a persona hears a message; a chat that moved goes on under its new id.
    fn conversation(&self, bot: UserId, written: &Written) -> Conversation {
        (bot, self.evidence.script.home(written.chat), written.thread)
    }

    fn is_notice(&self, attempt: &Attempt) -> bool {
        self.evidence.notices.contains(&attempt.text)
    }
}

/// Judges.
pub(crate) fn audit(evidence: &Evidence<'_>) -> Verdict {
    let case = Case::new(evidence);
    let mut verdict = Verdict::default();
    answers::judge(&case, &mut verdict);
    order::judge(&case, &mut verdict);
    duplicates::judge(&case, &mut verdict);
    verdict
}

impl Verdict {
    /// How many messages ended so.
    pub(crate) fn count(&self, fate: Fate) -> usize {
        self.fates.values().filter(|other| **other == fate).count()
    }

    /// How often this was found.
    pub(crate) fn found(&self, defect: Defect) -> usize {
        self.findings.iter().filter(|finding| finding.defect == defect).count()
    }

    fn find(&mut self, defect: Defect, what: String) {
        self.findings.push(Finding { defect, what });
    }
}
