//! What an act came to, for people to read; and whether it failed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use maskarad_testbed::{Fault, Testbed};

use crate::audit::{Cause, Defect, Fate, Verdict};
use crate::books::Books;
use crate::kill::{Kill, Phase};

/// A report in the making.
pub(crate) struct Report {
    /// What is printed and kept.
    pub(crate) text: String,
    /// Why the act failed, if it did.
    pub(crate) failures: Vec<String>,
}

impl Report {
    /// A report with its heading.
    pub(crate) fn new(title: &str) -> Self {
        Self { text: format!("== {title} ==\n"), failures: Vec::new() }
    }

    /// A line.
    pub(crate) fn line(&mut self, line: &str) {
        writeln!(self.text, "{line}").expect("a text takes everything");
    }

    /// What must not be.
    pub(crate) fn fail(&mut self, why: String) {
        self.line(&format!("FAILED: {why}"));
        self.failures.push(why);
    }

    /// The auditor's verdict.
    pub(crate) fn verdict(&mut self, verdict: &Verdict, messages: usize, wall: Duration) {
        let count = |fate| verdict.count(fate);
        self.line(&format!("messages written: {messages}, expectations of personas: {}", verdict.fates.len()));
        self.line(&format!(
            "answered {}, shared {}, skipped {} (insanity and chance), backlog {}, refused {}, unknown {}, lost {}",
            count(Fate::Answered) + count(Fate::Moved),
            count(Fate::Shared),
            count(Fate::Skipped),
            count(Fate::Backlog),
            count(Fate::Refused),
            count(Fate::Unknown),
            count(Fate::Lost),
        ));
        let found = Defect::ALL.map(|defect| format!("{defect:?} {}", verdict.found(defect)));
        self.line(&format!("defects: {}", found.join(", ")));
        let seconds = wall.as_secs_f64();
        let replies = count(Fate::Answered) as f64 / seconds;
        self.line(&format!("wall time {seconds:.1} s, {replies:.1} replies/s"));
        for finding in &verdict.findings {
            self.fail(format!("{:?}: {}", finding.defect, finding.what));
        }
    }

    /// No daemon died and no call was troubled: every answer arrived, and whoever sent it knows so.
    pub(crate) fn no_excuse(&mut self, verdict: &Verdict) {
        for fate in [Fate::Unknown, Fate::Refused] {
            let count = verdict.count(fate);
            if count > 0 {
                self.fail(format!("{count} answers ended as {fate:?}, and nothing had happened to the daemon"));
            }
        }
    }

    /// The kills, by the phase that each was aimed at and hit.
    pub(crate) fn kills(&mut self, kills: &[Kill], least: usize) {
        if kills.is_empty() {
            return self.line("the daemon was not killed");
        }
        self.line("kill -9     aimed  struck");
        for phase in Phase::ALL {
            let aimed: Vec<&Kill> = kills.iter().filter(|kill| kill.aimed == phase).collect();
            let struck = aimed.iter().filter(|kill| kill.found.struck(phase)).count();
            self.line(&format!("{:<11} {:>5}  {struck:>6}", format!("{phase:?}"), aimed.len()));
            if struck < least && phase != Phase::Anywhere {
                self.fail(format!("only {struck} kills struck {phase:?}, {least} are asked for"));
            }
        }
        let sum = |of: fn(&Kill) -> usize| kills.iter().map(of).sum::<usize>();
        self.line(&format!(
            "{} kills found messages: {} fetched and not stored, {} queued, {} generating, {} sending, {} sent and not recorded",
            kills.len(),
            sum(|kill| kill.found.fetched),
            sum(|kill| kill.found.queued),
            sum(|kill| kill.found.generating),
            sum(|kill| kill.found.sending),
            sum(|kill| kill.found.sent),
        ));
    }

    /// What arrived twice, one by one.
    pub(crate) fn duplicates(&mut self, verdict: &Verdict) {
        let Verdict { duplicates, kills_between, caught_between, answers_lost, .. } = verdict;
        self.line(&format!(
            "duplicates: {}; kills between acceptance and record: {kills_between} (answers caught: {caught_between}); \
             answers lost on the way: {answers_lost}",
            duplicates.len()
        ));
        for duplicate in duplicates {
            let (bot, chat, message) = duplicate.key;
            let cause = match duplicate.cause {
                Some(Cause::Kill(number)) => format!("kill {number}"),
                Some(Cause::AnswerLost) => "lost answer".to_owned(),
                None => "NO CAUSE".to_owned(),
            };
            let (first, again) = duplicate.calls;
            let message = message.map_or("moved".to_owned(), |message| message.to_string());
            self.line(&format!("  bot {bot} chat {chat} message {message}: calls {first} and {again}, {cause}"));
        }
        if duplicates.len() > caught_between + answers_lost {
            self.fail(format!("{} duplicates, {} chances", duplicates.len(), caught_between + answers_lost));
        }
    }

    /// How the database says that jobs ended.
    pub(crate) fn books(&mut self, books: &Books, differences: Vec<String>) {
        let outcomes: Vec<String> =
            books.outcomes.iter().map(|(outcome, count)| format!("{outcome} {count}")).collect();
        self.line(&format!("the books: {}", outcomes.join(", ")));
        for difference in differences {
            self.fail(format!("books: {difference}"));
        }
    }

    /// Every scripted fault that befell a call.
    pub(crate) fn faults(&mut self, tg: &Testbed) {
        let mut fired: BTreeMap<String, usize> = BTreeMap::new();
        for call in tg.requests_since(0) {
            if let Some(fault) = &call.fault {
                *fired.entry(format!("{} {}", call.method, label(fault))).or_default() += 1;
            }
        }
        let fired: Vec<String> = fired.iter().map(|(what, count)| format!("{what} {count}")).collect();
        self.line(&format!("faults fired: {}", fired.join(", ")));
    }
}

/// A fault without its numbers.
fn label(fault: &Fault) -> String {
    match fault {
        Fault::TooManyRequests { .. } => "429".to_owned(),
        Fault::Forbidden(kind) => format!("403-{kind:?}"),
        Fault::BadRequest(kind) => format!("400-{kind:?}"),
        Fault::ServerError(code) => code.to_string(),
        Fault::Unauthorized => "401".to_owned(),
        Fault::Conflict => "409".to_owned(),
        Fault::DropConnection => "dropped".to_owned(),
        Fault::Held(_) => "held".to_owned(),
        Fault::Slow(_) => "slow".to_owned(),
        Fault::LostAnswer => "lost-answer".to_owned(),
        Fault::Malformed => "malformed".to_owned(),
    }
}
