//! Telegram's limits on how fast a bot may send: one message a second in a chat, twenty a minute in a group.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use super::chat::ChatKind;
use crate::{
    error::ApiError,
    ids::{ChatKey, UserId},
    spec::Limits,
};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const GROUP_MESSAGES_A_MINUTE: usize = 20;

/// When each bot sent to each chat, over the last minute.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    pub(crate) limits: Limits,
    sent: HashMap<(UserId, ChatKey), VecDeque<Instant>>,
}

impl Pace {
    /// Counts a message, or refuses it.
    pub(crate) fn admit(&mut self, bot: UserId, chat: ChatKey, kind: ChatKind) -> Result<(), ApiError> {
        if self.limits == Limits::Off {
            return Ok(());
        }
        let now = Instant::now();
        let sent = self.sent.entry((bot, chat)).or_default();
        sent.retain(|at| now.duration_since(*at) < MINUTE);
        let minute_full = kind.is_group() && sent.len() >= GROUP_MESSAGES_A_MINUTE;
        let wait_from =
            if minute_full { sent.front().map(|at| (*at, MINUTE)) } else { sent.back().map(|at| (*at, SECOND)) };
        if let Some((at, span)) = wait_from.filter(|(at, span)| now.duration_since(*at) < *span) {
            let left = span.saturating_sub(now.duration_since(at)).as_secs_f64().ceil();
            return Err(ApiError::TooManyRequests { retry_after: (left as u32).max(1) });
        }
        sent.push_back(now);
        Ok(())
    }
}
