//! The plan by example and by property.

use std::collections::BTreeSet;

use proptest::prelude::*;
use time::Duration;

use super::*;
use crate::chat::{ChatRef, Conversation, MessageId, PersonaName, TransportKind};
use crate::testing::{GROUP, NOW};
use Trigger::{Chance, Insanity, Mention, Name, Notice, Private, Reply};

fn job(id: i64, sender: i64, trigger: Trigger) -> Job {
    let chat = ChatRef { transport: TransportKind::Telegram, id: GROUP, thread: None };
    Job {
        id: JobId(id),
        conversation: Conversation { persona: PersonaName::parse("avtobus").unwrap(), chat },
        chat_kind: if trigger == Private { ChatKind::Private } else { ChatKind::Group },
        message: MessageId(id),
        sender: UserId(sender),
        trigger,
        seed: 0,
        reply: None,
        request: None,
        created_at: NOW + Duration::seconds(id),
    }
}

fn jobs(list: &[(i64, Trigger)]) -> Vec<Job> {
    (1..).zip(list).map(|(id, (sender, trigger))| job(id, *sender, *trigger)).collect()
}

/// Lead, shared and coalesced of the plan for jobs 1, 2, 3 …
fn planned(list: &[(i64, Trigger)]) -> (i64, Vec<i64>, Vec<i64>) {
    let claim = plan(&jobs(list)).unwrap();
    let numbers = |ids: Vec<JobId>| ids.into_iter().map(|id| id.0).collect();
    (claim.lead.0, numbers(claim.shared), numbers(claim.coalesced))
}

#[test]
fn nothing_pending_is_nothing_to_do() {
    assert_eq!(plan(&[]), None);
    assert_eq!(plan(&jobs(&[(1, Notice)])), None);
}

#[test]
fn in_private_all_is_answered_together() {
    assert_eq!(planned(&[(1, Private), (1, Private), (1, Private)]), (3, vec![1, 2], vec![]));
}

#[test]
fn of_ambient_messages_the_newest_is_answered() {
    assert_eq!(planned(&[(1, Insanity), (2, Chance), (3, Insanity)]), (3, vec![], vec![1, 2]));
}

#[test]
fn each_person_who_called_gets_an_answer_in_turn() {
    let waiting = [(1, Mention), (2, Reply), (1, Name)];
    assert_eq!(planned(&waiting), (3, vec![1], vec![]), "the first caller's newest call, shared with the earlier one");
    assert_eq!(planned(&[(2, Reply)]), (1, vec![], vec![]));
}

#[test]
fn ambient_messages_never_delay_a_call_that_came_first() {
    assert_eq!(planned(&[(2, Mention), (1, Insanity), (3, Insanity)]), (1, vec![], vec![2]));
}

#[test]
fn a_call_waits_for_an_ambient_message_that_came_first() {
    assert_eq!(planned(&[(1, Insanity), (2, Mention)]), (1, vec![], vec![]));
    assert_eq!(planned(&[(1, Insanity), (2, Mention), (3, Insanity)]), (2, vec![], vec![1]));
}

#[test]
fn a_callers_earlier_ambient_messages_ride_along() {
    assert_eq!(planned(&[(1, Insanity), (1, Mention)]), (2, vec![1], vec![]));
    assert_eq!(planned(&[(1, Mention), (1, Insanity), (2, Insanity), (1, Mention)]), (4, vec![1, 2], vec![]));
    assert_eq!(planned(&[(1, Mention), (1, Insanity)]), (1, vec![], vec![]), "a later one waits for its own answer");
    assert_eq!(planned(&[(1, Mention), (1, Insanity), (1, Mention)]), (3, vec![1, 2], vec![]));
}

fn any_jobs() -> impl Strategy<Value = Vec<Job>> {
    let trigger = prop::sample::select(vec![Mention, Reply, Name, Insanity, Chance, Notice]);
    let jobs = prop::collection::vec((0_i64..4, trigger), 0..20).prop_map(|list| jobs(&list));
    jobs.prop_shuffle()
}

fn claimed(claim: &Claim) -> Vec<JobId> {
    [&[claim.lead], claim.shared.as_slice(), claim.coalesced.as_slice()].concat()
}

/// Claims until nothing is left.
fn drain(mut pending: Vec<Job>) -> Vec<Claim> {
    let mut claims = Vec::new();
    while let Some(claim) = plan(&pending) {
        let taken = claimed(&claim);
        pending.retain(|job| !taken.contains(&job.id));
        claims.push(claim);
    }
    assert!(pending.iter().all(|job| job.trigger == Notice), "only notices are left");
    claims
}

proptest! {
    #[test]
    fn a_claim_takes_pending_jobs_and_each_once(pending in any_jobs()) {
        if let Some(claim) = plan(&pending) {
            let taken = claimed(&claim);
            let distinct: BTreeSet<JobId> = taken.iter().copied().collect();
            prop_assert_eq!(distinct.len(), taken.len());
            prop_assert!(taken.iter().all(|id| pending.iter().any(|job| job.id == *id && job.trigger != Notice)));
        }
    }

    #[test]
    fn a_directed_job_is_never_coalesced(pending in any_jobs()) {
        for claim in drain(pending.clone()) {
            let directed = |id: &JobId| pending.iter().any(|job| job.id == *id && job.trigger.is_directed());
            prop_assert!(!claim.coalesced.iter().any(directed));
        }
    }

    #[test]
    fn sharing_is_among_one_persons_earlier_messages(pending in any_jobs()) {
        let find = |id: JobId| pending.iter().find(|job| job.id == id).unwrap();
        for claim in drain(pending.clone()) {
            for shared in claim.shared {
                prop_assert_eq!(find(shared).sender, find(claim.lead).sender);
                prop_assert!(shared < claim.lead);
            }
        }
    }

    #[test]
    fn planning_ends_with_every_job_taken_once(pending in any_jobs()) {
        let taken: Vec<JobId> = drain(pending.clone()).iter().flat_map(claimed).collect();
        let distinct: BTreeSet<JobId> = taken.iter().copied().collect();
        let expected: BTreeSet<JobId> = pending.iter().filter(|job| job.trigger != Notice).map(|job| job.id).collect();
        prop_assert_eq!(taken.len(), distinct.len());
        prop_assert_eq!(distinct, expected);
    }

    #[test]
    fn callers_are_answered_in_the_order_they_first_called(pending in any_jobs()) {
        let mut directed: Vec<&Job> = pending.iter().filter(|job| job.trigger.is_directed() && job.trigger != Notice).collect();
        directed.sort_by_key(|job| job.id);
        let mut callers: Vec<UserId> = Vec::new();
        for job in &directed {
            if !callers.contains(&job.sender) {
                callers.push(job.sender);
            }
        }
        let led = |claim: &Claim| directed.iter().find(|job| job.id == claim.lead).map(|job| job.sender);
        let answered: Vec<UserId> = drain(pending.clone()).iter().filter_map(led).collect();
        prop_assert_eq!(answered, callers);
    }

    #[test]
    fn at_most_one_ambient_message_is_left_waiting(pending in any_jobs()) {
        if let Some(claim) = plan(&pending) {
            let taken = claimed(&claim);
            let left = pending.iter().filter(|job| !job.trigger.is_directed() && !taken.contains(&job.id)).count();
            prop_assert!(left <= 1);
        }
    }
}
