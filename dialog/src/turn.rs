//! One message of a conversation, attributed to a side. Knows nothing of how it is written.

/// On which side of the dialog a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The persona's own.
    Persona,
    /// Everybody else's.
    Others,
}

/// One message inside a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Who said it.
    pub side: Side,
    /// What was said.
    pub text: String,
    /// Whether this is what the reply answers, rather than context. Single-turn templates hold nothing else.
    pub asked: bool,
}

impl Turn {
    /// What the reply answers.
    pub fn asked(text: impl Into<String>) -> Self {
        Self { side: Side::Others, text: text.into(), asked: true }
    }

    /// An earlier message.
    pub fn earlier(side: Side, text: impl Into<String>) -> Self {
        Self { side, text: text.into(), asked: false }
    }
}
