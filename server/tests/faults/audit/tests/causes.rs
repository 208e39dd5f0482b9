//! What needs a cause: duplicates, refusals, answers nobody knows of, answers that tell nobody whom they serve.

use maskarad_testbed::{ChatId, Fault, ForbiddenKind, MessageId, Outcome, UserId};

use super::{ANN, BEN, BOT, GROUP, Story};
use crate::audit::{Cause, Defect, Fate};
use crate::script::Want;

#[test]
fn a_duplicate_without_cause_is_found() {
    let mut story = Story::default();
    let asked = story.asks(ANN);
    story.answers(asked);
    // A kill that had its record is no excuse, nor is one that came later.
    story.kill(&[]);
    story.answers(asked);
    story.is_found(Defect::Duplicated);
    story.kill(&[asked]);
    story.is_found(Defect::Duplicated);
}

#[test]
fn a_duplicate_has_its_kill_or_its_lost_answer() {
    let mut story = Story::default();
    let [first, second] = [story.asks(ANN), story.asks(BEN)];
    story.answers(first);
    story.kill(&[first]);
    story.answers(first);
    story.answers(second).outcome = Outcome::AnswerLost(200);
    story.answers(second);
    let verdict = story.is_clean();
    let causes: Vec<_> = verdict.duplicates.iter().map(|duplicate| duplicate.cause).collect();
    assert_eq!(causes, [Some(Cause::Kill(0)), Some(Cause::AnswerLost)]);
    assert_eq!((verdict.kills_between, verdict.caught_between, verdict.answers_lost), (1, 1, 1));
}

#[test]
fn two_different_replies_to_one_message_are_found() {
    let mut story = Story::default();
    let asked = story.asks(ANN);
    story.answers(asked);
    story.kill(&[asked]);
    story.answers(asked).text = "or else".to_owned();
    story.is_found(Defect::TwoReplies);
}

/// A refusal with this status, because of this fault.
fn refused(story: &mut Story, message: MessageId, status: u16, fault: Option<Fault>) {
    let attempt = story.answers(message);
    (attempt.accepted, attempt.outcome, attempt.fault) = (None, Outcome::Answered(status), fault);
}

#[test]
fn a_refusal_needs_a_script() {
    let mut story = Story::default();
    let [_, asked] = [story.asks(ANN), story.asks(ANN)];
    refused(&mut story, asked, 403, Some(Fault::Forbidden(ForbiddenKind::Kicked)));
    assert_eq!(story.fates(), [Fate::Refused, Fate::Refused]);
    let mut story = Story::default();
    let asked = story.asks(ANN);
    refused(&mut story, asked, 400, None);
    story.is_found(Defect::RefusedUnasked);
    let mut story = Story::default();
    let asked = story.asks(ANN);
    refused(&mut story, asked, 403, None);
    story.script.closed.insert((BOT, GROUP));
    assert_eq!(story.fates(), [Fate::Refused]);
}

#[test]
fn nobody_knows_after_two_sends_and_not_after_one() {
    let mut story = Story::default();
    let asked = story.asks(ANN);
    let dropped = story.answers(asked);
    (dropped.accepted, dropped.outcome) = (None, Outcome::Dropped);
    story.is_found(Defect::Lost);
    // A send that a kill cut off counts even where the call never went out.
    story.kill(&[asked]);
    assert_eq!(story.fates(), [Fate::Unknown]);
}

#[test]
fn the_nearest_end_counts_and_a_command_has_its_own() {
    let mut story = Story::default();
    let [command, asked, later] = [story.writes(ANN, Want::Notice), story.asks(ANN), story.asks(ANN)];
    for message in [command, command, asked, asked] {
        let dropped = story.answers(message);
        (dropped.accepted, dropped.outcome) = (None, Outcome::Dropped);
    }
    refused(&mut story, later, 403, Some(Fault::Forbidden(ForbiddenKind::Kicked)));
    assert_eq!(story.fates(), [Fate::Unknown, Fate::Unknown, Fate::Refused]);

    let mut story = Story::default();
    let [_, asked] = [story.writes(ANN, Want::Notice), story.asks(ANN)];
    refused(&mut story, asked, 403, Some(Fault::Forbidden(ForbiddenKind::Kicked)));
    story.is_found(Defect::Lost);
}

#[test]
fn answers_after_a_move_are_counted() {
    let mut story = Story::default();
    let moved = ChatId(-3);
    let [first, _, _] = [story.asks(ANN), story.asks(BEN), story.asks(UserId(102))];
    story.answers(first);
    story.script.moved.insert(GROUP, moved);
    story.sends(BOT, moved, None);
    story.is_found(Defect::Lost);
    story.sends(BOT, moved, None);
    assert_eq!(story.fates(), [Fate::Answered, Fate::Moved, Fate::Moved]);
    story.sends(BOT, moved, None);
    story.is_found(Defect::Duplicated);
}
