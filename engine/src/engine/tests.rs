//! Checkpoints that change while they are read.

use std::cell::Cell;

use super::*;
use crate::synthetic::{Shape, write_checkpoint};

/// Loads a folder that somebody overwrites each of the first so many times that it is read.
fn load_overwritten(times: u64) -> (Engine, Result<LoadedModel, LoadError>, ModelKey) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    write_checkpoint(path, Shape::TINY, 0).unwrap();
    let engine = Engine::start(EngineConfig { threads: 1, ..EngineConfig::default() }).unwrap();
    let read = Cell::new(0);
    let result = engine.load_with(path, Precision::F32, |key| {
        let contents = engine.0.loader.read(path, key);
        read.set(read.get() + 1);
        if read.get() <= times {
            write_checkpoint(path, Shape::TINY, read.get()).unwrap();
        }
        contents
    });
    let now = engine.0.loader.identify(path).unwrap().content();
    (engine, result, ModelKey::new(now, Precision::F32))
}

#[test]
fn a_checkpoint_that_was_overwritten_is_read_again() {
    for times in [0, 1] {
        let (engine, model, now) = load_overwritten(times);
        assert_eq!(model.unwrap().key(), now);
        assert_eq!(engine.loaded_models(), [now]);
    }
}

#[test]
fn a_checkpoint_that_keeps_changing_is_refused() {
    let (engine, model, _) = load_overwritten(2);
    assert!(matches!(model, Err(LoadError::Changing { .. })));
    assert_eq!(engine.loaded_models(), []);
}
