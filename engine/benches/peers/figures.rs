//! What is measured.

use crate::contender::League;
pub(crate) use crate::figure::Figure;
use crate::protocol::{Answer, Request, Work};

/// Tokens of a chat's prompt.
pub(crate) const PROMPT: usize = 64;
/// Tokens of a reply.
pub(crate) const NEW: usize = 128;
/// Tokens of the long prompt.
pub(crate) const LONG: usize = 512;

/// A thing to do that is timed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Task {
    /// So many chats at once.
    Chats(usize),
    /// A long prompt.
    Prefill,
}

impl Task {
    /// What a league is measured in.
    pub(crate) fn of(league: League) -> &'static [Self] {
        match league {
            League::Open => &[Self::Chats(1), Self::Chats(8), Self::Chats(16), Self::Prefill],
            League::Avx2 => &[Self::Chats(1), Self::Chats(8)],
        }
    }

    /// The request of a round. Prompts differ from round to round, so that nobody finds one in a cache.
    pub(crate) fn request(self, round: usize) -> Request {
        match self {
            Self::Chats(chats) => {
                let prompts = (0..chats).map(|chat| prompt(PROMPT, round * 1000 + chats * 20 + chat)).collect();
                Request { work: Work::Generate, prompts, new: NEW }
            }
            Self::Prefill => Request { work: Work::Prefill, prompts: vec![prompt(LONG, round)], new: 1 },
        }
    }

    /// Tokens a second.
    pub(crate) fn rate(self, answer: &Answer) -> f64 {
        match self {
            Self::Chats(chats) => answer.rest_tokens.unwrap_or((chats * (NEW - 1)) as f64) / answer.rest,
            Self::Prefill => LONG as f64 / answer.first,
        }
    }
}

/// A short request that wakes an engine's threads before it is timed.
pub(crate) fn warm_up(round: usize) -> Request {
    Request { work: Work::Generate, prompts: vec![prompt(8, round * 1000 + 999)], new: 4 }
}

/// Token ids that follow from `seed`: a linear congruential sequence is random enough for a random model.
fn prompt(tokens: usize, seed: usize) -> Vec<u32> {
    let mut state = (seed as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        5 + ((state >> 33) % 50_000) as u32
    };
    (0..tokens).map(|_| next()).collect()
}
