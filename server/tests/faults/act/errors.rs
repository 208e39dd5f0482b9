//! Acceptance 2.

use crate::ground::Ground;
use crate::report::Report;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    pub(crate) messages: usize,
    pub(crate) outages: usize,
    pub(crate) kills: usize,
}

pub(crate) async fn play(_ground: Ground, seed: u64, extent: Extent) -> Report {
    Report::new(&format!("errors, seed {seed}, {extent:?}"))
}
