//! From foreign files to the canonical corpus. Each format has a file of its own; what was left out is counted by reason.

use std::collections::BTreeMap;

use super::record::Dialogue;
use crate::files::FileError;

/// Where importers put the dialogues they find, one at a time.
pub type Sink<'a> = dyn FnMut(Dialogue) -> Result<(), FileError> + 'a;

/// Why messages were left out, and how many.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Dropped(pub BTreeMap<&'static str, u64>);

impl Dropped {
    /// Counts one, for a reason such as `service message`.
    pub fn count(&mut self, reason: &'static str) {
        *self.0.entry(reason).or_default() += 1;
    }
}
