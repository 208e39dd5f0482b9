//! A persona at a transport, and how that is written.

use std::fmt;

use super::{PersonaName, TransportKind};

/// One persona at one transport: the unit of leases, of inboxes and of whatever is up.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seat {
    /// Who.
    pub persona: PersonaName,
    /// Where.
    pub transport: TransportKind,
}

impl Seat {
    /// Reads what a seat is written as; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (persona, transport) = text.split_once('.')?;
        Some(PersonaName::parse(persona)?.at(TransportKind::parse(transport)?))
    }
}

/// `avtobus.telegram`: also what the lock is called that guards it.
impl fmt::Display for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.persona, self.transport.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_read_as_it_is_written() {
        for text in ["avtobus.telegram", "a_b-1.web"] {
            assert_eq!(Seat::parse(text).unwrap().to_string(), text);
        }
        for text in ["avtobus", "avtobus.", ".web", "avtobus.mail", "avtobus.web.web"] {
            assert_eq!(Seat::parse(text), None, "{text:?}");
        }
    }
}
