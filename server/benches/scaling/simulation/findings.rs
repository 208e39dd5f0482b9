//! What a run of the simulation came to.

/// What part of a part's time was asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Share {
    /// Which part.
    pub(crate) name: &'static str,
    /// 1 is all of it; more is more than there was.
    pub(crate) load: f64,
}

/// What a run came to, the warming up left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Findings {
    /// Messages that people wrote.
    pub(crate) messages: u64,
    /// Those that asked for a reply.
    pub(crate) asked: u64,
    /// Replies that arrived.
    pub(crate) replies: u64,
    /// Messages that share another's reply, or that a newer one took the place of.
    pub(crate) merged: u64,
    /// Messages that asked for a reply and were still without one at the end.
    pub(crate) left: u64,
    /// Seconds from a message to its reply, sorted.
    pub(crate) waits: Vec<f64>,
    /// How much of each part was used.
    pub(crate) shares: Vec<Share>,
    /// How long it was watched, in seconds.
    pub(crate) span: f64,
}

impl Findings {
    /// The wait that this part of all replies don't exceed; none where there were no replies.
    pub(crate) fn quantile(&self, share: f64) -> Option<f64> {
        let rank = (share * self.waits.len() as f64).ceil() as usize;
        self.waits.get(rank.max(1) - 1).copied()
    }
}
