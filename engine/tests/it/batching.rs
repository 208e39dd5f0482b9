//! Many requests to one engine at once: the same results as alone, refusals, cancelling, stopping.

use std::path::PathBuf;

use maskarad_engine::synthetic::{Shape, write_checkpoint};
use maskarad_engine::{
    Engine, EngineConfig, EngineError, Event, Finished, GenerationConfig, LoadedModel, Precision, Request, StopReason,
};

use crate::support;

/// Bytes of one token's keys and values in the tiny model.
pub(crate) const TOKEN: usize = 2 * 2 * 64 * 4;

pub(crate) struct Fixture {
    pub(crate) engine: Engine,
    pub(crate) model: LoadedModel,
    _folder: tempfile::TempDir,
}

pub(crate) fn tiny() -> Fixture {
    tiny_in(support::config())
}

fn tiny_in(config: EngineConfig) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    write_checkpoint(folder.path(), Shape::TINY, 5).unwrap();
    let engine = Engine::start(config).unwrap();
    let model = support::load(&engine, folder.path(), Precision::F32);
    assert_eq!(model.kv_bytes(1), TOKEN);
    Fixture { engine, model, _folder: folder }
}

/// The `index`th of many different requests.
pub(crate) fn request(model: &LoadedModel, index: u64) -> Request {
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

pub(crate) fn assert_same(alone: &Finished, together: &Finished) {
    assert_eq!((&alone.ids, alone.stop_reason), (&together.ids, together.stop_reason));
    assert_eq!(alone.prompt_logits.as_ref().unwrap(), together.prompt_logits.as_ref().unwrap());
}

#[test]
fn company_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    write_checkpoint(folder.path(), Shape { n_embd: 96, n_head: 6, ..Shape::TINY }, 5).unwrap();
    for (set, engine) in support::engines() {
        for precision in [Precision::F32, Precision::Int8] {
            println!("{set} {precision}");
            let model = support::load(&engine, folder.path(), precision);
            let alone: Vec<_> =
                (0..24).map(|index| support::finish(engine.generate(request(&model, index)).unwrap())).collect();
            let together: Vec<_> = (0..24).map(|index| engine.generate(request(&model, index)).unwrap()).collect();
            for (alone, together) in alone.iter().zip(together) {
                assert_same(alone, &support::finish(together));
            }
        }
    }
}

/// Reading a text at once, in parts, and token by token gives the same numbers to the last bit.
#[test]
fn prefill_and_decode_agree() {
    let folder = tempfile::tempdir().unwrap();
    write_checkpoint(folder.path(), Shape { n_embd: 96, n_head: 6, ..Shape::TINY }, 5).unwrap();
    for (set, engine) in support::engines() {
        for precision in [Precision::F32, Precision::Int8] {
            println!("{set} {precision}");
            let model = support::load(&engine, folder.path(), precision);
            let mut request = request(&model, 3);
            request.generation.max_new_tokens = 40;
            let prompt = request.prompt.clone();
            let written = support::finish(engine.generate(request.clone()).unwrap());
            let whole = model.logits(&[prompt.clone(), written.ids.clone()].concat()).unwrap();
            for at in [1, 7, 20] {
                request.prompt = [&prompt[..], &written.ids[..at]].concat();
                let read = support::finish(engine.generate(request.clone()).unwrap());
                assert_eq!(read.prompt_logits.as_ref(), whole.get(prompt.len() + at - 1));
            }
        }
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
    assert_eq!(whole.last(), served.prompt_logits.as_ref());
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
    let Fixture { engine, model, .. } = tiny_in(EngineConfig { kv_memory: 50 * TOKEN, ..support::config() });
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
    let config = EngineConfig { threads: 1, max_batch: 1, max_waiting: 3, ..support::config() };
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
    // Large enough that its replies take longer than it takes to cancel them.
    let folder = tempfile::tempdir().unwrap();
    write_checkpoint(folder.path(), Shape { vocab_size: 20_000, n_embd: 256, ..Shape::TINY }, 5).unwrap();
    let engine = Engine::start(EngineConfig { threads: 1, max_batch: 1, ..support::config() }).unwrap();
    let model = support::load(&engine, folder.path(), Precision::F32);
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
