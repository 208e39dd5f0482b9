//! Many sequences at once: the same results as alone, bounded memory, fair turns, and places that become free.

use std::path::PathBuf;

use maskarad_engine::scheduler::{Limits, Report, Scheduler, SequenceId};
use maskarad_engine::sequence::Sequence;
use maskarad_engine::synthetic::{Shape, write_checkpoint};
use maskarad_engine::{
    Engine, EngineConfig, EngineError, Event, Finished, GenerationConfig, LoadedModel, Precision, Request, StopReason,
};
use proptest::prelude::*;

use crate::support::{self, max_difference};

/// Bytes of one token's keys and values in the tiny model.
const TOKEN: usize = 2 * 2 * 64 * 4;

struct Fixture {
    engine: Engine,
    model: LoadedModel,
    _folder: tempfile::TempDir,
}

fn tiny() -> Fixture {
    tiny_in(EngineConfig { threads: 2, ..EngineConfig::default() })
}

fn tiny_in(config: EngineConfig) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    write_checkpoint(folder.path(), Shape::TINY, 5).unwrap();
    let engine = Engine::start(config).unwrap();
    let model = support::load(&engine, folder.path(), Precision::F32);
    assert_eq!(model.config().kv_bytes_per_token(), TOKEN);
    Fixture { engine, model, _folder: folder }
}

/// The `index`th of many different requests.
fn request(model: &LoadedModel, index: u64) -> Request {
    let prompt = (0..3 + (index * 13) % 60).map(|place| ((place * 31 + index * 7) % 307) as u32).collect();
    let generation = GenerationConfig {
        max_new_tokens: 5 + (index as usize * 11) % 40,
        do_sample: !index.is_multiple_of(3),
        temperature: 0.9,
        top_p: 0.95,
        repetition_penalty: 1.1,
        no_repeat_ngram_size: 3,
        seed: index,
        ..GenerationConfig::default()
    };
    Request { model: model.key(), prompt, generation, want_logits: true }
}

fn assert_same(alone: &Finished, together: &Finished) {
    assert_eq!((&alone.ids, alone.stop_reason), (&together.ids, together.stop_reason));
    let (alone, together) = (alone.prompt_logits.as_ref().unwrap(), together.prompt_logits.as_ref().unwrap());
    assert!(max_difference(alone, together) < 1e-4);
}

#[test]
fn company_changes_nothing() {
    let Fixture { engine, model, .. } = tiny();
    let alone: Vec<_> =
        (0..24).map(|index| support::finish(engine.generate(request(&model, index)).unwrap())).collect();
    let together: Vec<_> = (0..24).map(|index| engine.generate(request(&model, index)).unwrap()).collect();
    for (alone, together) in alone.iter().zip(together) {
        assert_same(alone, &support::finish(together));
    }
}

#[test]
fn a_long_prompt_is_read_in_parts_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    write_checkpoint(folder.path(), Shape { n_positions: 1024, ..Shape::TINY }, 5).unwrap();
    let engine = support::engine();
    let model = support::load(&engine, folder.path(), Precision::F32);
    let mut request = request(&model, 1);
    request.prompt = (0..900).map(|place| place % 307).collect();
    let whole = model.logits(&request.prompt).unwrap();
    let served = support::finish(engine.generate(request).unwrap());
    assert!(max_difference(whole.last().unwrap(), &served.prompt_logits.unwrap()) < 1e-4);
}

#[test]
fn equal_content_is_one_model() {
    let Fixture { engine, model, _folder } = tiny();
    let copy = support::copy(_folder.path());
    let again = support::load(&engine, copy.path(), Precision::F32);
    assert!(again.is_same(&model));
    assert_eq!(engine.loaded_models(), [model.key()]);
    let quantized = support::load(&engine, copy.path(), Precision::Int8);
    assert_eq!(engine.loaded_models().len(), 2);
    assert!(quantized.memory() < model.memory());
    assert_eq!(engine.unload(&model.key()).map(|model| model.key()), Some(model.key()));
    let refused = engine.generate(request(&model, 0)).map(drop);
    assert_eq!(refused, Err(EngineError::UnknownModel(model.key())));
}

#[test]
fn requests_that_can_not_be_carried_out_are_refused() {
    let Fixture { engine, model, .. } = tiny_in(EngineConfig { kv_memory: 50 * TOKEN, ..EngineConfig::default() });
    let refusal = |change: fn(&mut Request)| {
        let mut request = request(&model, 0);
        change(&mut request);
        engine.generate(request).map(drop).unwrap_err()
    };
    assert_eq!(refusal(|request| request.prompt.clear()), EngineError::EmptyPrompt);
    assert_eq!(refusal(|request| request.prompt.push(307)), EngineError::TokenOutOfRange { id: 307, rows: 307 });
    let too_long = EngineError::PromptTooLong { prompt: 124, max_new_tokens: 5, context: 128 };
    assert_eq!(refusal(|request| request.prompt = vec![1; 124]), too_long);
    let never = EngineError::NeverFits { needed: 51 * TOKEN, budget: 50 * TOKEN };
    assert_eq!(refusal(|request| request.prompt = vec![1; 46]), never);
    assert_eq!(refusal(|request| request.generation.stop_strings = vec!["a".into()]), EngineError::NoTokenizer);
    assert!(matches!(refusal(|request| request.generation.max_new_tokens = 129), EngineError::Generation(_)));
    assert!(matches!(refusal(|request| request.generation.max_new_tokens = usize::MAX), EngineError::Generation(_)));
}

#[test]
fn a_full_queue_refuses_and_all_that_it_took_finish() {
    let config = EngineConfig { threads: 1, max_batch: 1, max_waiting: 3, ..EngineConfig::default() };
    let Fixture { engine, model, .. } = tiny_in(config);
    let mut taken = Vec::new();
    let refused = (0..1000).find_map(|index| match engine.generate(request(&model, index)) {
        Ok(generation) => {
            taken.push(generation);
            None
        }
        Err(error) => Some(error),
    });
    assert_eq!(refused, Some(EngineError::Busy { waiting: 3 }));
    taken.into_iter().map(support::finish).for_each(drop);
    // There is room again.
    support::finish(engine.generate(request(&model, 1)).unwrap());
}

#[test]
fn a_cancelled_request_says_so_and_a_dropped_one_leaves() {
    let config = EngineConfig { threads: 1, max_batch: 1, ..EngineConfig::default() };
    let Fixture { engine, model, .. } = tiny_in(config);
    let long = || {
        let mut request = request(&model, 2);
        request.generation.max_new_tokens = 99;
        engine.generate(request).unwrap()
    };
    let (mut first, second, third) = (long(), long(), long());
    assert!(matches!(first.blocking_next(), Some(Event::Token { .. })));
    first.cancel_handle().cancel();
    second.cancel_handle().cancel();
    drop(third);
    let mut last = None;
    while let Some(event) = first.blocking_next() {
        last = Some(event);
    }
    let Some(Event::Finished(finished)) = last else { panic!("{last:?}") };
    assert_eq!(finished.stop_reason, StopReason::Cancelled);
    assert!(finished.ids.len() < 99);
    let waited = support::finish(second);
    assert_eq!((waited.ids.len(), waited.stop_reason), (0, StopReason::Cancelled));
    assert_eq!(support::finish(engine.generate(request(&model, 1)).unwrap()).stop_reason, StopReason::Length);
}

#[test]
fn a_stopped_engine_says_so() {
    let Fixture { engine, model, .. } = tiny();
    let mut running = engine.generate(request(&model, 1)).unwrap();
    engine.shutdown();
    let mut last = None;
    while let Some(event) = running.blocking_next() {
        last = Some(event);
    }
    assert!(matches!(last, Some(Event::Finished(_) | Event::Failed(EngineError::Stopped))), "{last:?}");
    assert_eq!(engine.generate(request(&model, 1)).map(drop), Err(EngineError::Stopped));
}

/// Drives a scheduler without threads.
struct Driver {
    scheduler: Scheduler,
    finished: Vec<(u64, Finished)>,
    tokens: Vec<u64>,
}

impl Driver {
    fn new(limits: Limits) -> Self {
        Self { scheduler: Scheduler::new(limits), finished: Vec::new(), tokens: Vec::new() }
    }

    fn submit(&mut self, id: u64, model: &LoadedModel, request: Request) {
        self.scheduler.submit(SequenceId(id), Sequence::new(model.clone(), request).unwrap());
    }

    fn step(&mut self) {
        for (SequenceId(id), report) in self.scheduler.step() {
            match report {
                Report::Admitted => {}
                Report::Event(Event::Token { .. }) => self.tokens.push(id),
                Report::Event(Event::Finished(finished)) => self.finished.push((id, finished)),
                Report::Event(Event::Failed(error)) => panic!("{error}"),
            }
        }
    }

    fn run(&mut self) {
        for _ in 0..10_000 {
            if self.scheduler.is_idle() {
                return;
            }
            self.step();
        }
        panic!("it never ends");
    }
}

const ROOMY: Limits = Limits { kv_memory: 1 << 30, max_batch: 64 };

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

#[test]
fn stop_strings_and_eos_end_a_reply() {
    let Some(folder): Option<PathBuf> = support::shared("models/mini-ru") else {
        return;
    };
    let engine = support::engine();
    let model = support::load(&engine, &folder, Precision::F32);
    let prompt = model.tokenizer().unwrap().encode("@@ПЕРВЫЙ@@ Привет, как дела? @@ВТОРОЙ@@").unwrap();
    let greedy = GenerationConfig { max_new_tokens: 40, repetition_penalty: 1.2, ..GenerationConfig::default() };
    let whole = support::generate(&engine, &model, &prompt, greedy.clone()).text.unwrap();
    let stop = |text: &str| {
        let generation = GenerationConfig { stop_strings: vec![text.to_owned()], ..greedy.clone() };
        let finished = support::generate(&engine, &model, &prompt, generation);
        (finished.text.unwrap(), finished.stop_reason)
    };
    assert!(whole.starts_with(" Да нет."), "{whole}");
    assert_eq!(stop("@@ПЕРВЫЙ@@"), (" Да нет. ".to_owned(), StopReason::StopString));
    assert_eq!(stop("а н"), (" Д".to_owned(), StopReason::StopString));
    assert_eq!(stop("nothing like it"), (whole, StopReason::Length));
}
