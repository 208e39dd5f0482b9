//! The state of the emulated Telegram: who exists, what was said, what waits to be delivered.
//! A plain struct without a lock, a task or a socket; `shared` locks it and `http` speaks for it.

pub(crate) mod people;

pub(crate) mod chat;

pub(crate) mod message;

mod posting;

pub(crate) mod membership;

mod migration;

pub(crate) mod queue;

mod routing;

pub(crate) mod pace;

pub(crate) mod log;

use std::{
    collections::{BTreeMap, HashMap},
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{
    fault::Faults,
    ids::{ChatId, ChatKey, UserId},
    spec::{BotMessages, Numbering, PrivacyMentions},
};
use chat::Chat;
use log::RequestLog;
use pace::Pace;
use people::{BotState, Person};

/// Everything.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) people: BTreeMap<UserId, Person>,
    pub(crate) bots: BTreeMap<UserId, BotState>,
    pub(crate) chats: HashMap<ChatKey, Chat>,
    pub(crate) faults: Faults,
    pub(crate) requests: RequestLog,
    pub(crate) pace: Pace,
    pub(crate) bot_messages: BotMessages,
    pub(crate) privacy_mentions: PrivacyMentions,
    pub(crate) numbering: Numbering,
    /// Seconds that the emulator's clock is ahead of the system's.
    pub(crate) clock_shift: i64,
    /// Counts messages over all chats, so that an auditor can order them.
    sequence: u64,
    ids_given: i64,
}

impl World {
    /// The emulator's Unix time.
    pub(crate) fn now(&self) -> i64 {
        let system = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        i64::try_from(system).unwrap_or(i64::MAX) + self.clock_shift
    }

    pub(crate) fn next_sequence(&mut self) -> u64 {
        self.sequence += 1;
        self.sequence
    }

    fn next_number(&mut self) -> i64 {
        self.ids_given += 1;
        self.ids_given
    }

    pub(crate) fn next_user_id(&mut self) -> UserId {
        UserId(5_000_000_000 + self.next_number())
    }

    /// Basic groups have short negative ids, supergroups and channels start with -100.
    pub(crate) fn next_chat_id(&mut self, kind: chat::ChatKind) -> ChatId {
        let number = self.next_number();
        match kind {
            chat::ChatKind::Group => ChatId(-4_000_000_000 - number),
            _ => ChatId(-1_002_000_000_000 - number),
        }
    }
}
