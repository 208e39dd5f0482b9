//! Jobs: which one is next, and who works on it.

pub mod plan;
