//! Telegram's side of a bot: updates that wait, and how fast the bot may write.

use std::collections::VecDeque;

use super::{Limits, Nanos, nanos};

const MINUTE: f64 = 60.0;

/// A message on its way to the daemon.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Update {
    pub(crate) chat: usize,
    pub(crate) written: Nanos,
    /// Whether it addresses the persona.
    pub(crate) directed: bool,
    /// Whether it asks for a reply.
    pub(crate) asks: bool,
}

/// A bot.
#[derive(Default)]
pub(crate) struct Bot {
    /// Updates that nobody has fetched yet.
    pub(crate) updates: VecDeque<Update>,
    /// Whether a `getUpdates` waits for the next one.
    pub(crate) listening: bool,
    /// When the bot may write again.
    turn: Nanos,
}

impl Bot {
    /// The bot's next turn to write; turns are evenly spread.
    pub(crate) fn turn(&mut self, now: Nanos, limits: &Limits) -> Nanos {
        let turn = self.turn.max(now);
        self.turn = turn + nanos(1.0 / limits.bot_per_second);
        turn
    }
}

/// When a chat may be written to next.
pub(crate) fn may_write(sent: &VecDeque<Nanos>, group: bool, limits: &Limits) -> Nanos {
    let Some(last) = sent.back() else { return 0 };
    let next = last + nanos(limits.chat_interval);
    if !group || sent.len() < limits.group_per_minute {
        return next;
    }
    next.max(sent[sent.len() - limits.group_per_minute] + nanos(MINUTE))
}

/// Notes that a message arrived.
pub(crate) fn arrived(sent: &mut VecDeque<Nanos>, now: Nanos, limits: &Limits) {
    sent.push_back(now);
    if sent.len() > limits.group_per_minute {
        sent.pop_front();
    }
}
