//! A checkpoint in the shape of ruGPT3Small loads and generates, and shares nothing it shouldn't with its files.

use std::fs::File;

use maskarad_engine::{GenerationConfig, Precision, StopReason, synthetic};

use crate::support::{self, shared};

#[test]
fn a_full_size_checkpoint_loads_and_generates() {
    let folder = tempfile::tempdir().unwrap();
    synthetic::write_checkpoint(folder.path(), synthetic::Shape::RUGPT3_SMALL, 1).unwrap();
    if let Some(tokenizer) = shared("tokenizers/rugpt3/tokenizer.json") {
        std::fs::write(folder.path().join("tokenizer.json"), std::fs::read(tokenizer).unwrap()).unwrap();
    }
    let engine = support::engine();
    let generation =
        GenerationConfig { max_new_tokens: 8, do_sample: true, top_k: 0, top_p: 0.95, ..GenerationConfig::default() };
    for precision in [Precision::F32, Precision::Int8] {
        let model = support::load(&engine, folder.path(), precision);
        println!("{precision}: {} MiB", model.memory() >> 20);
        let finished = support::generate(&engine, &model, &[1, 33538, 25833], generation.clone());
        assert_eq!((finished.ids.len(), finished.stop_reason), (8, StopReason::Length));
    }
    // Whoever overwrites a checkpoint must not hurt who serves it.
    File::create(folder.path().join("model.safetensors")).unwrap();
    let model = engine.model(&engine.loaded_models()[0]).unwrap();
    assert_eq!(support::generate(&engine, &model, &[5; 40], generation).ids.len(), 8);
}
