//! Who serves a persona, and under which epoch.

use crate::chat::{PersonaName, Seat, TransportKind};

/// The right to serve a persona, good as long as nobody else has taken it.
///
/// Every claim and every record of a send carries it. Whoever takes the persona later raises the epoch, and from then on
/// the store refuses what the earlier holder still writes ([`StoreError::Fenced`](super::super::StoreError::Fenced)):
/// fencing as Kleppmann describes it (<https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html>).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// Whom it lets serve.
    pub persona: PersonaName,
    /// Where.
    pub transport: TransportKind,
    /// Rises each time the persona is taken; 0 before the first time.
    pub epoch: i64,
}

impl Lease {
    /// What is as good as a lease while nobody has ever taken the persona: for commands beside no daemon, and for tests.
    pub fn before_the_first(persona: PersonaName, transport: TransportKind) -> Self {
        Self { persona, transport, epoch: 0 }
    }

    /// What it lets serve, and where.
    pub fn seat(&self) -> Seat {
        self.persona.at(self.transport)
    }
}

/// A lease that was just taken, and what the former holder had left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The lease.
    pub lease: Lease,
    /// Jobs.
    pub recovered: Recovered,
}

/// Jobs that a former holder left in the middle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// A reply was being made: it is made again.
    pub running: u64,
    /// A reply was being sent, and may have arrived: it is sent again.
    pub sending: u64,
    /// The same, for the second time: not sent again.
    pub unknown: u64,
}
