//! What an observer is told of the engine's steps.

use std::sync::{Arc, Mutex};

use maskarad_engine::synthetic::{Shape, write_checkpoint};
use maskarad_engine::{Engine, EngineConfig, Observer, Precision, Step};

use crate::batching::request;
use crate::support;

/// Remembers the steps.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<Step>>>);

impl Observer for Notes {
    fn stepped(&mut self, step: &Step) {
        self.0.lock().unwrap().push(*step);
    }
}

#[test]
fn each_step_is_told_and_the_last_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    write_checkpoint(folder.path(), Shape::TINY, 5).unwrap();
    let notes = Notes::default();
    let config = EngineConfig { max_batch: 2, ..support::config() };
    let engine = Engine::start_observed(config, Some(Box::new(notes.clone()))).unwrap();
    let model = support::load(&engine, folder.path(), Precision::F32);
    let generations: Vec<_> = (0..5).map(|index| engine.generate(request(&model, index)).unwrap()).collect();
    for mut generation in generations {
        while generation.blocking_next().is_some() {}
    }
    engine.shutdown();
    let steps = notes.0.lock().unwrap();
    assert!(steps.iter().any(|step| step.batch > 0 && step.kv_bytes > 0), "{steps:?}");
    assert!(steps.iter().all(|step| step.batch <= 2 && step.running <= step.batch), "{steps:?}");
    let last = steps.last().unwrap();
    assert_eq!((last.running, last.waiting, last.kv_bytes), (0, 0, 0), "{last:?}");
}
