//! What one message is called in the log, from its update to the reply: an id, and the span that puts it on every line.
//!
//! Whatever works on a message enters [`RequestId::span`]; nobody writes the id into a line by hand. The id is made of what
//! is stored with the update, so a message that is taken up after a crash goes on under the same one.

use std::fmt;

use tracing::Span;

use crate::chat::{Seat, TransportKind};

/// The longest id that anybody makes.
const LONGEST: usize = 64;

/// The id of one message on its way. Tells of no chat and no person.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(String);

impl RequestId {
    /// Of an update that was brought to a persona: `avtobus-912345678`, or `avtobus-web-17` from a room. Bots number their updates
    /// each for itself.
    pub fn of_update(seat: &Seat, update_id: i64) -> Self {
        let persona = &seat.persona;
        Self(match seat.transport {
            TransportKind::Telegram => format!("{persona}-{update_id}"),
            TransportKind::Web => format!("{persona}-web-{update_id}"),
        })
    }

    /// Reads what is stored; `None` for what nobody here has made.
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
        let fits = (1..=LONGEST).contains(&text.len()) && text.chars().all(allowed);
        fits.then(|| Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the work on this message is done within. It has no parent: where several messages are seen to at once, each line
    /// is about one of them.
    pub fn span(&self) -> Span {
        tracing::info_span!(parent: None, "request", request = %self)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The span of a job, which has no id where a former release has written it.
pub fn span_of(id: Option<&RequestId>) -> Span {
    id.map_or_else(Span::none, RequestId::span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::PersonaName;

    #[test]
    fn every_id_that_is_made_can_be_read() {
        let longest = PersonaName::parse(&"a-_9".repeat(8)).unwrap();
        let avtobus = PersonaName::parse("avtobus").unwrap();
        for (transport, seventh) in [(TransportKind::Telegram, "avtobus-7"), (TransportKind::Web, "avtobus-web-7")] {
            for update_id in [0, 912_345_678, i64::MIN, i64::MAX] {
                let id = RequestId::of_update(&longest.at(transport), update_id);
                assert_eq!(RequestId::parse(id.as_str()), Some(id));
            }
            assert_eq!(RequestId::of_update(&avtobus.at(transport), 7).to_string(), seventh);
        }
    }

    #[test]
    fn what_nobody_makes_is_refused() {
        for text in ["", "a b", "Avtobus-7", "автобус-7", "a\n", &"a".repeat(65)] {
            assert_eq!(RequestId::parse(text), None, "{text:?}");
        }
    }
}
