//! Which earlier messages a prompt holds.

use std::fmt;

/// A window over a conversation: it grows until it holds `most` messages, and then drops `drops` of them at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    most: usize,
    drops: usize,
}

/// The windows that are compared. A chat grows by two messages with each reply, so dropping two at once is sliding too.
pub(super) const ALL: [Window; 4] =
    [Window::TODAY, Window { most: 4, drops: 4 }, Window { most: 8, drops: 4 }, Window { most: 8, drops: 8 }];

impl Window {
    /// The default context length, which slides by each message.
    pub(super) const TODAY: Self = Self { most: 4, drops: 1 };

    /// How many of so many earlier messages it holds.
    pub(super) fn holds(self, earlier: usize) -> usize {
        let over = earlier.saturating_sub(self.most);
        earlier - over.next_multiple_of(self.drops).min(earlier)
    }
}

impl fmt::Display for Window {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self { most, drops: 1 } => write!(formatter, "the last {most}, as today"),
            Self { most, drops } => write!(formatter, "up to {most}, drops {drops} at once"),
        }
    }
}
