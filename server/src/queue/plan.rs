//! Which pending job of a conversation is answered next, and which others it takes along.
//!
//! Pure: a claim is a proposal; `store` makes it true, or says that somebody was faster.

#[cfg(test)]
mod tests;

use crate::chat::{ChatKind, UserId};
use crate::store::{Claim, Job, JobId};
use crate::trigger::Trigger;

/// Plans the next reply of one conversation; `None` when nothing is pending. The order of `pending` doesn't matter.
///
/// In private everything that waits is answered together. In a group each person who addressed the persona gets an
/// answer, in the order in which they first did; of the messages that merely triggered insanity or chance only the
/// newest counts, the others are coalesced.
pub fn plan(pending: &[Job]) -> Option<Claim> {
    let mut jobs: Vec<&Job> = pending.iter().filter(|job| job.trigger != Trigger::Notice).collect();
    jobs.sort_unstable_by_key(|job| job.id);
    match jobs.last()?.chat_kind {
        ChatKind::Private => together(&jobs),
        ChatKind::Group | ChatKind::Channel => in_group(&jobs),
    }
}

fn together(jobs: &[&Job]) -> Option<Claim> {
    let (lead, earlier) = jobs.split_last()?;
    Some(Claim { lead: lead.id, shared: ids(earlier), coalesced: Vec::new() })
}

fn in_group(jobs: &[&Job]) -> Option<Claim> {
    let (directed, ambient): (Vec<&Job>, Vec<&Job>) = jobs.iter().partition(|job| job.trigger.is_directed());
    let newest = ambient.last();
    // An ambient message whose author addressed the persona later is answered together with that.
    let alone = newest.filter(|job| !rides_along(job, &directed));
    match (directed.first(), alone) {
        (Some(first), Some(job)) if job.id < first.id => Some(answer_ambient(job, &ambient)),
        (Some(first), _) => answer_directed(first.sender, &directed, &ambient),
        (None, job) => job.map(|job| answer_ambient(job, &ambient)),
    }
}

fn answer_ambient(newest: &Job, ambient: &[&Job]) -> Claim {
    let older: Vec<&Job> = ambient.iter().copied().filter(|job| job.id != newest.id).collect();
    Claim { lead: newest.id, shared: Vec::new(), coalesced: ids(&older) }
}

fn answer_directed(sender: UserId, directed: &[&Job], ambient: &[&Job]) -> Option<Claim> {
    let theirs: Vec<&Job> = directed.iter().copied().filter(|job| job.sender == sender).collect();
    let (lead, earlier) = theirs.split_last()?;
    let (riding, others): (Vec<&Job>, Vec<&Job>) =
        ambient.iter().partition(|job| job.sender == sender && job.id < lead.id);
    let newest = ambient.last().map(|job| job.id);
    let older: Vec<&Job> = others.into_iter().filter(|job| Some(job.id) != newest).collect();
    let mut shared = ids(earlier);
    shared.extend(ids(&riding));
    shared.sort_unstable();
    Some(Claim { lead: lead.id, shared, coalesced: ids(&older) })
}

fn rides_along(ambient: &Job, directed: &[&Job]) -> bool {
    directed.iter().any(|job| job.sender == ambient.sender && job.id > ambient.id)
}

fn ids(jobs: &[&Job]) -> Vec<JobId> {
    jobs.iter().map(|job| job.id).collect()
}
