//! How long work tells how far it is. Draws nothing itself: the command line does.

/// Whoever watches.
pub trait Progress: Sync {
    /// A piece of work begins. `total` is in the units of [`Progress::at`], where it is known.
    fn begin(&self, what: &str, total: Option<u64>);

    /// So much of it is done.
    fn at(&self, position: u64);

    /// Something to show beside the bar, such as a loss.
    fn note(&self, text: &str);

    /// The piece of work is done.
    fn end(&self);
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _what: &str, _total: Option<u64>) {}
    fn at(&self, _position: u64) {}
    fn note(&self, _text: &str) {}
    fn end(&self) {}
}
