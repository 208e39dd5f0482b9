//! The workers that a daemon hears of: who is there, who can be given what. Reads no clock; whoever asks says when.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use maskarad_engine::ModelKey;
use tokio::time::Instant;

use super::GONE_AFTER;
use super::protocol::{Hello, VERSION};

/// How long a worker that is gone is still told of.
const REMEMBERED: Duration = Duration::from_secs(300);
/// Workers that are remembered at most.
const MOST: usize = 1000;

/// The workers that were heard.
#[derive(Default)]
pub(super) struct Crew(Mutex<BTreeMap<String, Member>>);

/// A worker, as it was heard last.
#[derive(Clone, Debug)]
struct Member {
    /// What it said.
    hello: Hello,
    /// When.
    heard: Instant,
}

/// How a worker stands, for people.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Standing {
    /// What people call it.
    pub name: String,
    /// Its program's version.
    pub program: String,
    /// What its arithmetic is compiled for.
    pub instruction_set: String,
    /// Why it is given no jobs, where it isn't.
    pub unusable: Option<String>,
    /// The bases that it takes jobs for.
    pub bases: usize,
    /// Jobs that it makes at once.
    pub slots: usize,
    /// Jobs in the making.
    pub busy: usize,
    /// Tokens generated a second.
    pub tokens_per_second: f64,
    /// Seconds since it was heard.
    pub heard_seconds_ago: u64,
    /// What keeps it from being of more use.
    pub trouble: Option<String>,
}

impl Member {
    /// Whether it can be given jobs at all.
    fn serves(&self, now: Instant) -> Result<(), String> {
        let hello = &self.hello;
        let (first, last) = hello.understands;
        if hello.leaving {
            return Err("it has left".to_owned());
        }
        if now.saturating_duration_since(self.heard) > GONE_AFTER {
            return Err("it isn't heard any more".to_owned());
        }
        if !(first..=last).contains(&VERSION) {
            return Err(format!(
                "it is maskarad {} and understands version {first} to {last} of the protocol, this daemon speaks \
                 {VERSION}; run the same version on both machines",
                hello.program
            ));
        }
        Ok(())
    }
}

impl Crew {
    /// A worker told of itself. Returns why it is of no use, where that is news.
    pub(super) fn heard(&self, hello: Hello, now: Instant) -> Option<String> {
        let mut members = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        members.retain(|_, member| now.saturating_duration_since(member.heard) < REMEMBERED);
        if members.len() >= MOST && !members.contains_key(&hello.worker) {
            return None;
        }
        let member = Member { hello, heard: now };
        let problem = member.serves(now).err().filter(|_| !member.hello.leaving);
        let name = member.hello.name.clone();
        let former = members.insert(member.hello.worker.clone(), member);
        let is_news = former.is_none_or(|former| former.serves(former.heard).is_ok());
        problem.filter(|_| is_news).map(|problem| format!("worker {name}: {problem}"))
    }

    /// Whether anybody can be given jobs for this base.
    pub(super) fn can_make(&self, model: &ModelKey, now: Instant) -> bool {
        let base = model.base();
        let members = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        members.values().any(|member| member.serves(now).is_ok() && member.hello.bases.contains(&base))
    }

    /// All that were heard lately.
    pub(super) fn standings(&self, now: Instant) -> Vec<Standing> {
        let members = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut standings: Vec<_> = members.values().map(|member| standing(member, now)).collect();
        standings.sort_by(|one, other| one.name.cmp(&other.name));
        standings
    }
}

fn standing(member: &Member, now: Instant) -> Standing {
    let hello = &member.hello;
    Standing {
        name: hello.name.clone(),
        program: hello.program.clone(),
        instruction_set: hello.instruction_set.clone(),
        unusable: member.serves(now).err(),
        bases: hello.bases.len(),
        slots: hello.slots,
        busy: hello.busy,
        tokens_per_second: hello.tokens_per_second,
        heard_seconds_ago: now.saturating_duration_since(member.heard).as_secs(),
        trouble: hello.trouble.clone(),
    }
}

#[cfg(test)]
mod tests {
    use maskarad_engine::Precision;

    use super::*;

    const BASE: fn(u8) -> ModelKey = |byte| ModelKey::new([byte; 32], Precision::Int8);

    fn hello(worker: &str, base: u8) -> Hello {
        Hello {
            worker: worker.to_owned(),
            name: worker.to_owned(),
            understands: (VERSION, VERSION),
            bases: vec![BASE(base)],
            ..Hello::default()
        }
    }

    #[test]
    fn who_has_the_weights_and_is_heard_can_be_given_jobs() {
        let (crew, begin) = (Crew::default(), Instant::now());
        assert!(!crew.can_make(&BASE(1), begin));
        assert_eq!(crew.heard(hello("a", 1), begin), None);
        assert_eq!(crew.heard(hello("b", 2), begin), None);
        assert!(crew.can_make(&BASE(1).with_adapter([9; 32]), begin), "adapters ride in the job");
        assert!(!crew.can_make(&BASE(3), begin));
        let later = begin + GONE_AFTER + Duration::from_secs(1);
        assert!(!crew.can_make(&BASE(1), later), "it has fallen silent");
        assert_eq!(crew.standings(later).len(), 2, "and is still told of");
        assert_eq!(crew.heard(hello("a", 1), begin + REMEMBERED), None);
        assert_eq!(crew.standings(begin + REMEMBERED).len(), 1);
        let leaving = Hello { leaving: true, ..hello("a", 1) };
        assert_eq!(crew.heard(leaving, begin + REMEMBERED), None, "that is no trouble");
        assert!(!crew.can_make(&BASE(1), begin + REMEMBERED));
    }

    #[test]
    fn a_worker_of_another_version_is_told_of_once() {
        let (crew, now) = (Crew::default(), Instant::now());
        let newer = || Hello { understands: (VERSION + 1, VERSION + 3), program: "9.1".to_owned(), ..hello("a", 1) };
        let told = crew.heard(newer(), now).unwrap();
        assert!(told.contains("worker a: it is maskarad 9.1") && told.contains("run the same version"), "{told}");
        assert_eq!(crew.heard(newer(), now), None);
        assert!(!crew.can_make(&BASE(1), now));
        assert_eq!(crew.heard(Hello { understands: (VERSION, VERSION + 3), ..newer() }, now), None);
        assert!(crew.can_make(&BASE(1), now), "a newer worker that still understands this daemon");
    }
}
