//! Planted defects: what the auditor can't find, a campaign can't find either.

mod causes;

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use maskarad_testbed::{ChatId, MessageId, Outcome, UserId};

use super::{Defect, Evidence, Fate, Verdict, audit};
use crate::kill::{Found, Kill, Phase};
use crate::log::{Accepted, Attempt};
use crate::script::{Script, Want, Written};

const BOT: UserId = UserId(1);
const OTHER: UserId = UserId(2);
const ANN: UserId = UserId(100);
const BEN: UserId = UserId(101);
const GROUP: ChatId = ChatId(-1);
const ELSEWHERE: ChatId = ChatId(-2);

/// A short story: people write to the first bot in the group, and bots send.
#[derive(Default)]
struct Story {
    script: Script,
    attempts: Vec<Attempt>,
    kills: Vec<Kill>,
}

impl Story {
    /// Somebody writes; returns the message.
    fn writes(&mut self, author: UserId, want: Want) -> MessageId {
        self.writes_in(GROUP, author, BTreeMap::from([(BOT, want)]))
    }

    fn writes_in(&mut self, chat: ChatId, author: UserId, wants: BTreeMap<UserId, Want>) -> MessageId {
        let sequence = self.script.written.len() as u64 + 1;
        let message = MessageId(chat.0.abs() * 1000 + i64::try_from(sequence).unwrap());
        let text = format!("message {sequence}");
        let at = SystemTime::UNIX_EPOCH;
        self.script.written.push(Written { chat, thread: None, message, sequence, at, author, text, wants });
        message
    }

    fn asks(&mut self, author: UserId) -> MessageId {
        self.writes(author, Want::Answer("mention"))
    }

    /// The first bot answers in the group.
    fn answers(&mut self, message: MessageId) -> &mut Attempt {
        self.sends(BOT, GROUP, Some(message))
    }

    fn sends(&mut self, bot: UserId, chat: ChatId, answers: Option<MessageId>) -> &mut Attempt {
        let number = self.attempts.len() as u64;
        self.attempts.push(Attempt {
            number,
            bot,
            chat,
            answers,
            text: "well".to_owned(),
            accepted: Some(Accepted { thread: None }),
            outcome: Outcome::Answered(200),
            fault: None,
        });
        self.attempts.last_mut().unwrap()
    }

    /// A kill after all that was sent so far, with these answers not recorded as done.
    fn kill(&mut self, unrecorded: &[MessageId]) {
        let unrecorded: BTreeSet<_> = unrecorded.iter().map(|message| (BOT, GROUP, Some(*message))).collect();
        let life = 0..self.attempts.len() as u64;
        let found = Found::default();
        self.kills.push(Kill { aimed: Phase::Anywhere, found, begun: unrecorded.clone(), unrecorded, life });
    }

    fn verdict(&self) -> Verdict {
        let notices = ["busy".to_owned()];
        let Self { script, attempts, kills } = self;
        audit(&Evidence { script, attempts, kills, notices: &notices })
    }

    /// The only defect.
    #[track_caller]
    fn is_found(&self, defect: Defect) {
        let verdict = self.verdict();
        let found: Vec<Defect> = verdict.findings.iter().map(|finding| finding.defect).collect();
        assert_eq!(found, [defect], "{:?}", verdict.findings);
    }

    #[track_caller]
    fn is_clean(&self) -> Verdict {
        let verdict = self.verdict();
        assert_eq!(verdict.findings, []);
        verdict
    }

    #[track_caller]
    fn fates(&self) -> Vec<Fate> {
        self.is_clean().fates.into_values().collect()
    }
}

#[test]
fn what_is_answered_or_shared_is_not_lost() {
    let mut story = Story::default();
    let [_, second] = [story.asks(ANN), story.asks(ANN)];
    story.answers(second);
    assert_eq!(story.fates(), [Fate::Shared, Fate::Answered]);
}

#[test]
fn a_lost_answer_is_found() {
    let mut story = Story::default();
    let first = story.asks(ANN);
    // Nobody shares an answer to an earlier message, or to somebody else's.
    let [_, third] = [story.asks(ANN), story.asks(BEN)];
    story.answers(first);
    story.answers(third);
    story.is_found(Defect::Lost);
}

#[test]
fn a_notice_is_no_answer_but_to_a_command() {
    let mut story = Story::default();
    let asked = story.asks(ANN);
    story.answers(asked).text = "busy".to_owned();
    story.is_found(Defect::Lost);

    let mut story = Story::default();
    let command = story.writes(ANN, Want::Notice);
    story.answers(command).text = "done".to_owned();
    assert_eq!(story.fates(), [Fate::Answered]);
    let mut story = Story::default();
    story.writes(ANN, Want::Notice);
    story.is_found(Defect::Lost);
}

#[test]
fn a_swap_is_found() {
    let mut story = Story::default();
    let [first, second] = [story.asks(ANN), story.asks(BEN)];
    story.answers(second);
    story.answers(first);
    story.is_found(Defect::Misordered);
}

#[test]
fn an_answer_to_an_earlier_message_after_a_later_one_is_found() {
    let mut story = Story::default();
    let [first, second] = [story.asks(ANN), story.asks(ANN)];
    story.answers(second);
    story.answers(first);
    story.is_found(Defect::Misordered);
}

#[test]
fn who_began_to_wait_first_is_answered_first_to_their_latest_message() {
    let mut story = Story::default();
    let [_, second, third] = [story.asks(ANN), story.asks(BEN), story.asks(ANN)];
    story.answers(third);
    story.answers(second);
    story.is_clean();
    // The third person of a queue can't overtake the second.
    let mut story = Story::default();
    let [_, second, third, whim] =
        [story.asks(ANN), story.asks(BEN), story.asks(ANN), story.writes(ANN, Want::Whim("insanity"))];
    story.answers(third);
    story.answers(whim);
    story.answers(second);
    story.is_found(Defect::Misordered);
}

#[test]
fn what_is_sent_again_after_another_answer_is_found() {
    let mut story = Story::default();
    let [first, second] = [story.asks(ANN), story.asks(BEN)];
    story.answers(first);
    story.kill(&[first]);
    story.answers(second);
    story.answers(first);
    story.is_found(Defect::Misordered);
}

#[test]
fn a_wrong_chat_is_found() {
    let mut story = Story::default();
    let asked = story.asks(ANN);
    story.answers(asked);
    story.sends(BOT, ELSEWHERE, Some(asked));
    story.is_found(Defect::WrongPlace);
}

#[test]
fn a_wrong_topic_is_found() {
    let mut story = Story::default();
    let asked = story.asks(ANN);
    story.answers(asked);
    story.answers(asked).accepted = Some(Accepted { thread: Some(maskarad_testbed::ThreadId(7)) });
    assert!(story.verdict().found(Defect::WrongPlace) == 1);
}

#[test]
fn a_wrong_persona_is_found() {
    let mut story = Story::default();
    let asked = story.asks(ANN);
    story.answers(asked);
    story.sends(OTHER, GROUP, Some(asked));
    story.is_found(Defect::WrongPersona);
}

#[test]
fn a_message_that_answers_nothing_is_found() {
    let mut story = Story::default();
    story.sends(BOT, GROUP, None);
    story.is_found(Defect::Stray);
    let mut story = Story::default();
    story.sends(BOT, GROUP, Some(MessageId(5)));
    story.is_found(Defect::Stray);
}

#[test]
fn only_whims_are_skipped_and_the_backlog_is_left_alone() {
    let mut story = Story::default();
    let whim = story.writes(ANN, Want::Whim("insanity"));
    story.writes(ANN, Want::Whim("chance"));
    let stale = story.writes(ANN, Want::Stale);
    story.answers(whim);
    assert_eq!(story.fates(), [Fate::Answered, Fate::Skipped, Fate::Backlog]);
    story.answers(stale);
    story.is_found(Defect::BeyondBacklog);
}
