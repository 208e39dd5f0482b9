//! The scheduler driven by hand: bounded memory, fair turns, places that become free, and results that company does
//! not change.

use maskarad_engine::model::Compute;
use maskarad_engine::scheduler::{Limits, Report, Scheduler, SequenceId};
use maskarad_engine::sequence::Sequence;
use maskarad_engine::synthetic::{Shape, write_checkpoint};
use maskarad_engine::{Event, Finished, LoadedModel, Precision, Request};
use proptest::prelude::*;

use crate::batching::{Fixture, TOKEN, assert_same, request, tiny};
use crate::support;

/// Drives a scheduler without threads.
pub(crate) struct Driver {
    scheduler: Scheduler,
    compute: Compute,
    finished: Vec<(u64, Finished)>,
    pub(crate) admitted: Vec<u64>,
    pub(crate) tokens: Vec<u64>,
}

impl Driver {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            scheduler: Scheduler::new(limits),
            compute: Compute::start(1, None).unwrap(),
            finished: Vec::new(),
            admitted: Vec::new(),
            tokens: Vec::new(),
        }
    }

    pub(crate) fn submit(&mut self, id: u64, model: &LoadedModel, request: Request) {
        self.scheduler.submit(SequenceId(id), Sequence::new(model.clone(), request).unwrap());
    }

    pub(crate) fn step(&mut self) {
        for (SequenceId(id), report) in self.scheduler.step(&mut self.compute) {
            match report {
                Report::Admitted => self.admitted.push(id),
                Report::Event(Event::Token { .. }) => self.tokens.push(id),
                Report::Event(Event::Finished(finished)) => self.finished.push((id, finished)),
                Report::Event(Event::Failed(error)) => panic!("{error}"),
            }
        }
    }

    pub(crate) fn run(&mut self) {
        for _ in 0..10_000 {
            if self.scheduler.is_idle() {
                return;
            }
            self.step();
        }
        panic!("it never ends");
    }
}

pub(crate) const ROOMY: Limits = Limits { kv_memory: 1 << 30, max_batch: 64 };

#[test]
fn memory_is_never_exceeded_and_everyone_is_served() {
    let Fixture { model, .. } = tiny();
    let budget = 200 * TOKEN;
    let mut driver = Driver::new(Limits { kv_memory: budget, max_batch: 64 });
    (0..40).for_each(|index| driver.submit(index, &model, request(&model, index)));
    let mut most = 0;
    while !driver.scheduler.is_idle() {
        driver.step();
        most = most.max(driver.scheduler.kv_bytes());
        assert!(driver.scheduler.kv_bytes() <= budget);
    }
    assert!(most > budget / 2, "the budget was never used: {most}");
    assert_eq!(driver.finished.len(), 40);
    assert_eq!((driver.scheduler.kv_bytes(), driver.scheduler.running(), driver.scheduler.waiting()), (0, 0, 0));
}

#[test]
fn a_cancelled_sequence_makes_room_before_the_next_step() {
    let Fixture { model, .. } = tiny();
    let mut driver = Driver::new(Limits { max_batch: 1, ..ROOMY });
    driver.submit(0, &model, request(&model, 0));
    driver.submit(1, &model, request(&model, 1));
    driver.step();
    assert_eq!((driver.scheduler.running(), driver.scheduler.waiting()), (1, 1));
    let reports = driver.scheduler.cancel(SequenceId(0));
    assert!(matches!(&reports[..], [(SequenceId(0), Report::Event(Event::Finished(_)))]));
    assert_eq!(driver.scheduler.kv_bytes(), 0);
    driver.step();
    assert_eq!((driver.scheduler.running(), driver.scheduler.waiting()), (1, 0));
    driver.run();
    assert_eq!(driver.finished.len(), 1);
    assert!(driver.scheduler.cancel(SequenceId(7)).is_empty());
}

#[test]
fn a_long_prompt_does_not_stall_those_who_write() {
    let folder = tempfile::tempdir().unwrap();
    write_checkpoint(folder.path(), Shape { n_positions: 1024, ..Shape::TINY }, 5).unwrap();
    let engine = support::engine();
    let model = support::load(&engine, folder.path(), Precision::F32);
    let mut driver = Driver::new(ROOMY);
    driver.submit(0, &model, request(&model, 3));
    driver.step();
    let mut long = request(&model, 1);
    long.prompt = vec![9; 900];
    driver.submit(1, &model, long);
    (0..3).for_each(|_| driver.step());
    // The prompt needs four steps; in each of them the other one has written on.
    assert_eq!(driver.tokens, [0; 4]);
    driver.step();
    assert_eq!(driver.tokens, [0, 0, 0, 0, 0, 1]);
}

#[test]
fn two_models_take_turns() {
    let (first, second) = (tiny(), tempfile::tempdir().unwrap());
    write_checkpoint(second.path(), Shape::TINY, 6).unwrap();
    let other = support::load(&first.engine, second.path(), Precision::F32);
    let mut driver = Driver::new(ROOMY);
    let endless = |model: &LoadedModel| {
        let mut request = request(model, 1);
        request.generation.max_new_tokens = 60;
        request
    };
    (0..9).for_each(|id| driver.submit(id, &first.model, endless(&first.model)));
    driver.submit(9, &other, endless(&other));
    (0..10).for_each(|_| driver.step());
    let of_the_other = driver.tokens.iter().filter(|id| **id == 9).count();
    assert!(of_the_other >= 9, "nine sequences of one model left the other {of_the_other} tokens in ten steps");
    driver.run();
    assert_eq!(driver.finished.len(), 10);
}

/// When each of several sequences is submitted and, perhaps, cancelled: steps from the beginning.
fn schedule() -> impl Strategy<Value = Vec<(u64, Option<u64>)>> {
    proptest::collection::vec((0u64..20, proptest::option::of(0u64..40)), 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn joining_and_leaving_changes_nothing(schedule in schedule()) {
        let Fixture { model, .. } = tiny();
        let mut driver = Driver::new(Limits { kv_memory: 300 * TOKEN, max_batch: 4 });
        let mut cancelled = Vec::new();
        for step in 0..40 {
            for (id, (begin, end)) in schedule.iter().enumerate() {
                let id = id as u64;
                if *begin == step {
                    driver.submit(id, &model, request(&model, id));
                }
                if *end == Some(step) && !driver.scheduler.cancel(SequenceId(id)).is_empty() {
                    cancelled.push(id);
                }
            }
            driver.step();
        }
        driver.run();
        prop_assert_eq!(driver.finished.len() + cancelled.len(), schedule.len());
        for (id, finished) in &driver.finished {
            let mut alone = Driver::new(ROOMY);
            alone.submit(*id, &model, request(&model, *id));
            alone.run();
            assert_same(&alone.finished[0].1, finished);
        }
    }
}
