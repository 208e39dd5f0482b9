//! The engine's steps. Its thread waits for what is done here, so the handles are made once.

use ::metrics::{Gauge, Histogram};
use maskarad_engine::{Observer, Step};

use super::{gauge, histogram, names};

/// Watches an engine; to be made after the recorder is in place.
pub struct EngineWatch {
    batch: Histogram,
    running: Gauge,
    waiting: Gauge,
    kv: Gauge,
}

impl EngineWatch {
    /// Of an engine that is about to start.
    pub fn new() -> Self {
        let [running, waiting] = ["running", "waiting"].map(|state| gauge(&names::SEQUENCES, &[("state", state)]));
        let watch = Self { batch: histogram(&names::BATCH_SIZE, &[]), running, waiting, kv: gauge(&names::KV, &[]) };
        watch.running.set(0.0);
        watch.waiting.set(0.0);
        watch.kv.set(0.0);
        watch
    }
}

impl Default for EngineWatch {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer for EngineWatch {
    fn stepped(&mut self, step: &Step) {
        self.batch.record(step.batch as f64);
        self.running.set(step.running as f64);
        self.waiting.set(step.waiting as f64);
        self.kv.set(step.kv_bytes as f64);
    }
}
