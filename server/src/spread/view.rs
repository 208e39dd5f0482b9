//! What a daemon knows of who should serve which persona, and who does.

use std::collections::{BTreeMap, BTreeSet};

use crate::chat::Seat;
use crate::store::{DaemonId, DaemonName};

/// Who should serve a persona at a transport.
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
    pub(super) whose: BTreeMap<Seat, Whose>,
    /// Other daemons that serve somebody now.
    pub(super) servers: BTreeMap<Seat, DaemonName>,
    /// The daemons that live.
    pub(super) living: BTreeSet<DaemonId>,
}

impl View {
    pub(super) fn whose(&self, seat: &Seat) -> Whose {
        self.whose.get(seat).cloned().unwrap_or(Whose::Anyones)
    }

    /// The other daemon that serves a persona, or should.
    pub(super) fn server(&self, seat: &Seat) -> Option<DaemonName> {
        let should = || match self.whose(seat) {
            Whose::Anothers(name) => Some(name),
            Whose::Anyones | Whose::Ours => None,
        };
        self.servers.get(seat).cloned().or_else(should)
    }

    pub(super) fn company(&self) -> &BTreeSet<DaemonId> {
        &self.living
    }
}
