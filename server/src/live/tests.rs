//! Voices whose engine has less memory than their model has positions.

use std::path::Path;

use maskarad_engine::{Engine, EngineConfig, Precision};

use super::Voice;
use crate::prompt::Turn;
use crate::testing::persona;

/// The demo checkpoint on an engine with memory for so many tokens, in f16.
fn voice(tokens: usize) -> (Engine, Voice) {
    let mini = Path::new(env!("CARGO_MANIFEST_DIR")).join("../personas/models/mini-ru");
    let kv_memory = tokens * 2 * 6 * 256 * size_of::<u16>();
    let engine = Engine::start(EngineConfig { threads: 1, kv_memory, ..EngineConfig::default() }).unwrap();
    let model = engine.load(&mini, Precision::Int8).unwrap();
    let voice = Voice::new(&persona(), model, &engine).unwrap();
    (engine, voice)
}

#[test]
fn the_window_is_what_the_engine_has_memory_for() {
    let of = |tokens| voice(tokens).1.window();
    assert_eq!((of(10_000).prompt, of(10_000).max_new_tokens), (504, 8));
    assert_eq!((of(100).prompt, of(100).max_new_tokens), (92, 8));
    assert_eq!((of(10).prompt, of(10).max_new_tokens), (5, 5));
    assert_eq!(voice(10).1.generation(3).max_new_tokens, 5);
}

#[test]
fn a_prompt_that_fills_the_window_is_generated_from() {
    let (engine, voice) = voice(100);
    let long: String = (0..300).map(|n| format!("слово{n} ")).collect();
    let prompt = voice.prompt(&persona(), &[Turn::asked(long)]).unwrap();
    assert!(prompt.len() > 80, "{}", prompt.len());
    let generation = voice.generation(1);
    assert_eq!(generation.seed, 1);
    let request = maskarad_engine::Request { model: voice.model.key(), prompt, generation, want_logits: false };
    assert!(engine.generate(request).is_ok());
}
