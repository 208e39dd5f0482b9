//! What is assumed, because nobody measured it here: how people write, how far Telegram is, what machines cost. Whoever knows
//! better changes it here; all of it is told in the document.

use crate::simulation::{Habit, Limits};

/// How people write. A chat counts as active when somebody writes there within the hour.
pub(crate) const ACTIVITY: [Habit; 3] = [
    Habit { share: 0.60, pause: 600.0, burst: 6.0, gap: 15.0, directed: 1.0, insanity: false, group: false },
    Habit { share: 0.30, pause: 900.0, burst: 25.0, gap: 8.0, directed: 0.15, insanity: false, group: true },
    Habit { share: 0.10, pause: 900.0, burst: 25.0, gap: 8.0, directed: 0.15, insanity: true, group: true },
];

/// What they are called, in the same order.
pub(crate) const KINDS: [&str; 3] = ["private", "group, the persona is addressed", "group in insanity mode"];

/// Tokens of a prompt: the last messages, as `context_length` has it by default.
pub(crate) const PROMPT_TOKENS: f64 = 120.0;

/// The shortest and the longest reply, in tokens. The demo personas may say 48 and 72 at most; 128 is the most for any.
pub(crate) const REPLY_TOKENS: (u32, u32) = (8, 64);

/// Seconds to Telegram and back.
pub(crate) const ROUND_TRIP: f64 = 0.1;

/// What Telegram takes of a bot; its own words are "or so".
pub(crate) const LIMITS: Limits =
    Limits { bot_per_second: 30.0, chat_interval: 1.0, group_per_minute: 20, updates: 100 };

/// Euros a month for a virtual server of 2 cores and 4 GB.
pub(crate) const PRICE: f64 = 6.0;

/// How much of a part may be used in the mean, so that bursts find room.
pub(crate) const TARGET: f64 = 0.7;
