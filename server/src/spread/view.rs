//! What a daemon knows of who should serve which persona, and who does.

use std::collections::{BTreeMap, BTreeSet};

use crate::chat::PersonaName;
use crate::store::{DaemonId, DaemonName};

/// Who should serve a persona.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Nobody knows: whoever gets its lease.
    Anyones,
    /// This daemon.
    Ours,
    /// The other daemon of this name.
    Anothers(DaemonName),
}

/// What is known at a moment; at first nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct View {
    pub(super) whose: BTreeMap<PersonaName, Whose>,
    /// Other daemons that serve a persona now.
    pub(super) servers: BTreeMap<PersonaName, DaemonName>,
    /// The daemons that live.
    pub(super) living: BTreeSet<DaemonId>,
}

impl View {
    pub(super) fn whose(&self, persona: &PersonaName) -> Whose {
        self.whose.get(persona).cloned().unwrap_or(Whose::Anyones)
    }

    /// The other daemon that serves a persona, or should.
    pub(super) fn server(&self, persona: &PersonaName) -> Option<DaemonName> {
        let should = || match self.whose(persona) {
            Whose::Anothers(name) => Some(name),
            Whose::Anyones | Whose::Ours => None,
        };
        self.servers.get(persona).cloned().or_else(should)
    }

    pub(super) fn company(&self) -> &BTreeSet<DaemonId> {
        &self.living
    }
}
