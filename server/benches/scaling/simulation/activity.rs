//! How people write: in bursts, with long pauses between them.

use super::Nanos;
use super::dice::Dice;

/// How people write in one kind of chat; the shares of all kinds make 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habit {
    /// What part of all chats are of this kind.
    pub(crate) share: f64,
    /// Seconds between two bursts, in the mean.
    pub(crate) pause: f64,
    /// Messages of a burst, in the mean.
    pub(crate) burst: f64,
    /// Seconds between two messages of a burst, in the mean.
    pub(crate) gap: f64,
    /// What part of the messages address the persona.
    pub(crate) directed: f64,
    /// Whether the persona answers the others, too.
    pub(crate) insanity: bool,
    /// Whether Telegram's bound for groups holds.
    pub(crate) group: bool,
}

/// What people ask for in a second, in the mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Offered {
    /// Messages.
    pub(crate) messages: f64,
    /// Those that ask for a reply.
    pub(crate) replies: f64,
}

impl Habit {
    /// Messages a second in one chat, in the mean.
    pub(crate) fn rate(&self) -> f64 {
        self.burst / (self.pause + (self.burst - 1.0) * self.gap)
    }

    /// What part of the messages ask for a reply.
    pub(crate) fn asks(&self) -> f64 {
        if self.insanity { 1.0 } else { self.directed }
    }
}

impl Offered {
    /// What so many chats ask for.
    pub(crate) fn of(activity: &[Habit], chats: usize) -> Self {
        let sum = |per_chat: fn(&Habit) -> f64| -> f64 {
            activity.iter().map(|habit| chats as f64 * habit.share * per_chat(habit)).sum()
        };
        Self { messages: sum(Habit::rate), replies: sum(|habit| habit.rate() * habit.asks()) }
    }
}

/// The habit of this chat of so many: the kinds lie one behind the other.
pub(super) fn habit_of(activity: &[Habit], chat: usize, chats: usize) -> usize {
    let place = (chat as f64 + 0.5) / chats as f64;
    let mut before = 0.0;
    let end = activity.iter().position(|habit| {
        before += habit.share;
        place < before
    });
    end.unwrap_or(activity.len() - 1)
}

/// Who writes in a chat, and how many messages are left of this burst.
#[derive(Clone, Copy, Debug)]
pub(super) struct People {
    left: u32,
}

impl People {
    /// They have not begun; returns when they will.
    pub(super) fn begin(habit: &Habit, dice: &mut Dice) -> (Self, Nanos) {
        (Self { left: dice.times(habit.burst) }, dice.exponential(habit.pause))
    }

    /// They have written; returns how long until they do again.
    pub(super) fn wrote(&mut self, habit: &Habit, dice: &mut Dice) -> Nanos {
        self.left -= 1;
        if self.left > 0 {
            return dice.exponential(habit.gap);
        }
        self.left = dice.times(habit.burst);
        dice.exponential(habit.pause)
    }
}
