//! What somebody who watches the engine is told.

/// One step of the engine: a forward pass of each model that has work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Sequences that had a place in it.
    pub batch: usize,
    /// Sequences that still have a place after it.
    pub running: usize,
    /// Requests that wait for a place.
    pub waiting: usize,
    /// Bytes of keys and values that the running sequences hold after it.
    pub kv_bytes: usize,
}

/// Is told of each step, on the engine's thread: whatever it does there delays the next one.
pub trait Observer: Send {
    /// A step has ended.
    fn stepped(&mut self, step: &Step);
}
