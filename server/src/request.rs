//! What one message is called in the log, from its update to the reply: an id, and the span that puts it on every line.
//!
//! Whatever works on a message enters [`RequestId::span`]; nobody writes the id into a line by hand. The id is made of what
//! is stored with the update, so a message that is taken up after a crash goes on under the same one.

use std::fmt;

use tracing::Span;

use crate::chat::PersonaName;

/// The longest id that anybody makes.
const LONGEST: usize = 64;

/// The id of one message on its way. Tells of no chat and no person.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(String);

impl RequestId {
    /// Of an update that was brought to a persona: `avtobus-912345678`. Bots number their updates each for itself.
    pub fn of_update(persona: &PersonaName, update_id: i64) -> Self {
        Self(format!("{persona}-{update_id}"))
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

    #[test]
    fn every_id_that_is_made_can_be_read() {
        let longest = PersonaName::parse(&"a-_9".repeat(8)).unwrap();
        for update_id in [0, 912_345_678, i64::MIN, i64::MAX] {
            let id = RequestId::of_update(&longest, update_id);
            assert_eq!(RequestId::parse(id.as_str()), Some(id));
        }
        let id = RequestId::of_update(&PersonaName::parse("avtobus").unwrap(), 7);
        assert_eq!(id.to_string(), "avtobus-7");
    }

    #[test]
    fn what_nobody_makes_is_refused() {
        for text in ["", "a b", "Avtobus-7", "автобус-7", "a\n", &"a".repeat(65)] {
            assert_eq!(RequestId::parse(text), None, "{text:?}");
        }
    }
}
