//! Standard output, whose reader may hang up at any time, as `head` does. That ends a command quietly.

use std::io::{Error, ErrorKind, Result, StdoutLock, Write};

/// Standard output. Where its reader is gone, writing fails in a way that [`hung_up`] knows.
pub(super) struct Output(StdoutLock<'static>);

/// Nobody reads standard output any more.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads the output any more")]
struct HungUp;

impl Output {
    /// Locks standard output for as long as this lives.
    pub(super) fn open() -> Self {
        Self(std::io::stdout().lock())
    }
}

/// Prints a line on work that goes on, whether anybody reads it or not.
pub(super) fn tell(line: std::fmt::Arguments<'_>) {
    let _ = writeln!(Output::open(), "{line}");
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.write(bytes).map_err(told_apart)
    }

    fn flush(&mut self) -> Result<()> {
        self.0.flush().map_err(told_apart)
    }
}

/// Whether a command ended because nobody reads its output: no failure that anybody wants to hear of.
pub fn hung_up(error: &anyhow::Error) -> bool {
    let is_ours = |error: &Error| error.get_ref().is_some_and(|inner| inner.is::<HungUp>());
    error.chain().any(|cause| cause.downcast_ref().is_some_and(is_ours))
}

/// Other pipes break too, and theirs is a failure.
fn told_apart(error: Error) -> Error {
    if error.kind() == ErrorKind::BrokenPipe { Error::other(HungUp) } else { error }
}
