//! Generation on other machines: what is counted as it happens, and what is looked up of the workers. Nothing of it is told
//! where no broker is set.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use super::{Metric, counter, gauge, names};
use crate::remote::Elsewhere;

/// Names of workers that are told apart while the process lives: in containers each start may bring a new one.
const MOST_NAMES: usize = 100;
/// How all further ones are called together.
const OTHER: &str = "other";

/// Where a reply was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// By this process.
    Here,
    /// By a worker.
    Elsewhere,
}

/// Why a reply was made here after all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// The broker didn't take the job.
    NotTaken,
    /// It was begun, and nobody elsewhere will end it.
    Lost,
}

impl Place {
    const ALL: [Self; 2] = [Self::Here, Self::Elsewhere];

    fn as_str(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::Elsewhere => "elsewhere",
        }
    }
}

impl Fallback {
    const ALL: [Self; 2] = [Self::NotTaken, Self::Lost];

    fn as_str(self) -> &'static str {
        match self {
            Self::NotTaken => "not_taken",
            Self::Lost => "lost",
        }
    }
}

/// A reply was made there, to its end.
pub fn generated_at(place: Place) {
    counter(&names::GENERATIONS, &[("place", place.as_str())]).increment(1);
}

/// A reply is made here that should have been made elsewhere.
pub fn fell_back(why: Fallback) {
    counter(&names::FALLBACKS, &[("reason", why.as_str())]).increment(1);
}

/// Tells of the workers, and remembers which it told of.
#[derive(Default)]
pub(super) struct Crew(Mutex<BTreeSet<String>>);

/// What workers of one name have together.
#[derive(Default)]
struct Sum {
    slots: usize,
    busy: usize,
    tokens_per_second: f64,
}

impl Crew {
    /// Tells how generation elsewhere stands.
    pub(super) fn look(&self, elsewhere: &Elsewhere) {
        for place in Place::ALL {
            counter(&names::GENERATIONS, &[("place", place.as_str())]).increment(0);
        }
        for why in Fallback::ALL {
            counter(&names::FALLBACKS, &[("reason", why.as_str())]).increment(0);
        }
        gauge(&names::BROKER_UP, &[]).set(f64::from(u8::from(elsewhere.broker_trouble.is_none())));
        gauge(&names::ELSEWHERE, &[]).set(elsewhere.under_way as f64);
        let usable = elsewhere.workers.iter().filter(|worker| worker.unusable.is_none()).count();
        for (state, count) in [("usable", usable), ("unusable", elsewhere.workers.len() - usable)] {
            gauge(&names::WORKERS, &[("state", state)]).set(count as f64);
        }
        self.each(elsewhere);
    }

    /// Of a worker that is gone nothing is known any more.
    fn each(&self, elsewhere: &Elsewhere) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
        for worker in elsewhere.workers.iter().filter(|worker| worker.unusable.is_none()) {
            if known.len() < MOST_NAMES {
                known.insert(worker.name.clone());
            }
            let name = if known.contains(&worker.name) { &worker.name } else { OTHER };
            let sum = sums.entry(name).or_default();
            sum.slots += worker.slots;
            sum.busy += worker.busy;
            sum.tokens_per_second += worker.tokens_per_second;
        }
        for name in known.iter().map(String::as_str).chain([OTHER]) {
            match sums.get(name) {
                Some(sum) => tell(name, [sum.slots as f64, sum.busy as f64, sum.tokens_per_second]),
                None if name == OTHER && known.len() < MOST_NAMES => {}
                None => tell(name, [f64::NAN; 3]),
            }
        }
    }
}

fn tell(worker: &str, values: [f64; 3]) {
    let metrics: [&Metric; 3] = [&names::WORKER_SLOTS, &names::WORKER_BUSY, &names::WORKER_SPEED];
    for (metric, value) in metrics.into_iter().zip(values) {
        gauge(metric, &[("worker", worker)]).set(value);
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;
    use crate::remote::Standing;

    fn elsewhere(workers: &[(&str, Option<&str>)]) -> Elsewhere {
        let standing = |(name, unusable): &(&str, Option<&str>)| Standing {
            name: (*name).to_owned(),
            program: "0.1.0".to_owned(),
            instruction_set: "avx2".to_owned(),
            unusable: unusable.map(str::to_owned),
            bases: 1,
            slots: 4,
            busy: 1,
            tokens_per_second: 50.5,
            heard_seconds_ago: 1,
            trouble: None,
        };
        let workers = workers.iter().map(standing).collect();
        Elsewhere { broker_trouble: None, workers, under_way: 2, fell_back: 0, last_trouble: None }
    }

    fn told(looks: &[Elsewhere]) -> String {
        let recorder = PrometheusBuilder::new().build_recorder();
        let crew = Crew::default();
        ::metrics::with_local_recorder(&recorder, || looks.iter().for_each(|look| crew.look(look)));
        recorder.handle().render()
    }

    #[test]
    fn each_worker_is_told_until_it_is_gone() {
        let there = elsewhere(&[("attic", None), ("attic", None), ("cellar", Some("it isn't heard any more"))]);
        let said = told(std::slice::from_ref(&there));
        for line in [
            "maskarad_broker_up 1",
            "maskarad_jobs_elsewhere 2",
            "maskarad_workers{state=\"usable\"} 2",
            "maskarad_workers{state=\"unusable\"} 1",
            "maskarad_worker_slots{worker=\"attic\"} 8",
            "maskarad_worker_tokens_per_second{worker=\"attic\"} 101",
            "maskarad_generations_total{place=\"elsewhere\"} 0",
            "maskarad_fallbacks_total{reason=\"not_taken\"} 0",
        ] {
            assert!(said.contains(line), "{line}\n{said}");
        }
        assert!(!said.contains("cellar"), "{said}");
        let gone = told(&[there, elsewhere(&[])]);
        assert!(gone.contains("maskarad_worker_busy{worker=\"attic\"} NaN"), "{gone}");
    }

    #[test]
    fn names_that_come_and_go_are_bounded() {
        let looks: Vec<Elsewhere> =
            (0..MOST_NAMES + 7).map(|number| elsewhere(&[(&format!("pod-{number}"), None)])).collect();
        let said = told(&looks);
        let series = said.lines().filter(|line| line.starts_with("maskarad_worker_slots{")).count();
        assert_eq!(series, MOST_NAMES + 1);
        assert!(said.contains("maskarad_worker_slots{worker=\"other\"} 4"), "{said}");
    }
}
