//! A day at the office, without the office: chats, bots, daemons, PostgreSQL, RabbitMQ and workers as a discrete-event
//! simulation. Pure: a seed goes in, figures come out; it knows no clock, no network and no document.

pub(crate) mod activity;
pub(crate) mod agenda;
mod chat;
pub(crate) mod dice;
mod event;
pub(crate) mod findings;
mod office;
mod slots;
pub(crate) mod station;
pub(crate) mod telegram;
pub(crate) mod workers;

pub(crate) use activity::{Habit, Offered};
pub(crate) use findings::Findings;
pub(crate) use office::Office;
pub(crate) use workers::Pace;

/// Simulated time, in nanoseconds from the beginning.
pub(crate) type Nanos = u64;

/// So many seconds as simulated time.
pub(crate) fn nanos(seconds: f64) -> Nanos {
    (seconds * 1e9).round() as Nanos
}

/// Simulated time in seconds.
pub(crate) fn seconds(nanos: Nanos) -> f64 {
    nanos as f64 / 1e9
}

/// How many there are of each part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deployment {
    /// Chats in which people write within the hour.
    pub(crate) chats: usize,
    /// Bots, over which the chats are spread evenly.
    pub(crate) bots: usize,
    /// Daemons, over which the bots are.
    pub(crate) daemons: usize,
    /// PostgreSQL servers, over which the daemons are.
    pub(crate) databases: usize,
    /// RabbitMQ brokers; with none the daemon generates by itself.
    pub(crate) brokers: usize,
    /// Machines that generate.
    pub(crate) workers: usize,
}

impl Deployment {
    fn bot_of(&self, chat: usize) -> usize {
        chat % self.bots
    }

    fn daemon_of(&self, chat: usize) -> usize {
        self.bot_of(chat) % self.daemons
    }

    fn database_of(&self, chat: usize) -> usize {
        self.daemon_of(chat) % self.databases
    }
}

/// What each part takes for its piece of work, and how much of it may be under way.
#[derive(Clone, Debug)]
pub(crate) struct Rates {
    /// Seconds of a connection to PostgreSQL for a message that is stored and routed.
    pub(crate) routing: f64,
    /// What one that is answered takes besides, in four transactions.
    pub(crate) answering: f64,
    /// Connections of a database that work at once.
    pub(crate) connections: usize,
    /// Seconds of a broker for one message through one queue.
    pub(crate) brokering: f64,
    /// Seconds of a daemon for one answered message, where that has been measured.
    pub(crate) dispatch: Option<f64>,
    /// Replies that a daemon has under way at once.
    pub(crate) replies_at_once: usize,
    /// Sends that a daemon has under way at once.
    pub(crate) sends_at_once: usize,
    /// How fast a worker is.
    pub(crate) pace: Pace,
    /// Tokens of a prompt.
    pub(crate) prompt_tokens: f64,
    /// The shortest and the longest reply, in tokens; all lengths between are as likely.
    pub(crate) reply_tokens: (u32, u32),
    /// Seconds of a request to Telegram and its answer.
    pub(crate) round_trip: f64,
    /// What Telegram takes of one bot.
    pub(crate) limits: Limits,
}

/// What Telegram takes of one bot, and gives it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Messages a second over all chats.
    pub(crate) bot_per_second: f64,
    /// Seconds between two messages in one chat.
    pub(crate) chat_interval: f64,
    /// Messages a minute in one group.
    pub(crate) group_per_minute: usize,
    /// Updates that one `getUpdates` brings.
    pub(crate) updates: usize,
}
