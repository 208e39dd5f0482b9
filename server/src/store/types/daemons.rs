//! The daemons of one database, as they note themselves in it, and who serves what.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use time::OffsetDateTime;

use crate::chat::{PersonaName, Seat};

/// One process of the daemon; never the same twice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DaemonId(pub String);

impl fmt::Display for DaemonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What people call a daemon, and place personas by: `[A-Za-z0-9._-]`, 1 to 64 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DaemonName(String);

impl DaemonName {
    /// Parses a name; `None` when it is empty, too long or has other characters.
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let fits = (1..=64).contains(&text.len()) && text.chars().all(allowed);
        fits.then(|| Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DaemonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a daemon notes of itself.
#[derive(Clone, Debug)]
pub struct Heartbeat {
    /// Which process.
    pub id: DaemonId,
    /// What it is called.
    pub name: DaemonName,
    /// What it can serve now.
    pub seats: BTreeSet<Seat>,
    /// Whether it is its first: another process of this name is then taken for a former life, and forgotten. One that lives
    /// notes itself again.
    pub first: bool,
}

/// A daemon that has noted itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotedDaemon {
    /// Which process.
    pub id: DaemonId,
    /// What it is called.
    pub name: DaemonName,
    /// What it can serve.
    pub seats: BTreeSet<Seat>,
    /// How long it has been silent, by the database's clock.
    pub silent: Duration,
}

impl NotedDaemon {
    /// How long a daemon may be silent before it counts as gone. It notes itself every two seconds.
    pub const GONE_AFTER: Duration = Duration::from_secs(10);

    /// Whether it has been heard of lately.
    pub fn is_alive(&self) -> bool {
        self.silent <= Self::GONE_AFTER
    }

    /// Whether it can serve a persona, wherever.
    pub fn serves(&self, persona: &PersonaName) -> bool {
        self.seats.iter().any(|seat| seat.persona == *persona)
    }
}

/// Who has a lease, or had it when it died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Of what.
    pub seat: Seat,
    /// Who. An earlier release's daemon is none that has noted itself.
    pub holder: DaemonId,
    /// Since when, by its own clock.
    pub since: OffsetDateTime,
}

/// Everything that is known of the daemons of a database, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// The daemons, by their ids, those gone lately among them.
    pub daemons: Vec<NotedDaemon>,
    /// Leases that nobody gave up, by their seats.
    pub holdings: Vec<Holding>,
    /// Personas that somebody wants at a daemon.
    pub placements: BTreeMap<PersonaName, DaemonName>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_s_name_is_one_word() {
        for good in ["bus-1", "bus1.example.org", "A_b", &"a".repeat(64)] {
            assert_eq!(DaemonName::parse(good).unwrap().to_string(), good);
        }
        for bad in ["", "a b", "автобус", "a/b", "a:1", &"a".repeat(65)] {
            assert_eq!(DaemonName::parse(bad), None, "{bad:?}");
        }
    }
}
