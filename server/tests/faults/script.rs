//! What people wrote, and what each message deserves. The harness's own list: no daemon is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use maskarad_testbed::{ChatId, MessageId, MessageRef, Testbed, ThreadId, UserId};

/// What a message deserves of one persona.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// Somebody addressed the persona: an answer is owed. The trigger's name.
    Answer(&'static str),
    /// Insanity or chance: answered, or skipped.
    Whim(&'static str),
    /// A command: the daemon's own words are owed.
    Notice,
    /// Older than the backlog's limit when it was written down: kept, never answered.
    Stale,
}

/// One message of a person.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// Where; a private chat has the person's id, whatever the bot.
    pub(crate) chat: ChatId,
    /// In which topic.
    pub(crate) thread: Option<ThreadId>,
    /// Its number, which no other message has in any chat.
    pub(crate) message: MessageId,
    /// When, among all messages of the emulator.
    pub(crate) sequence: u64,
    /// By the emulator's clock.
    pub(crate) at: SystemTime,
    /// Who wrote it.
    pub(crate) author: UserId,
    /// What it says; no other message says the same.
    pub(crate) text: String,
    /// What it deserves of whom; who is not in here has no business to answer.
    pub(crate) wants: BTreeMap<UserId, Want>,
}

/// Everything that people did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    /// Their messages, in order.
    pub(crate) written: Vec<Written>,
    /// Groups that became supergroups: from, to.
    pub(crate) moved: BTreeMap<ChatId, ChatId>,
    /// Private chats whose person blocked the bot for a while: what is refused there needs no scripted fault.
    pub(crate) closed: BTreeSet<(UserId, ChatId)>,
}

impl Script {
    /// Notes a message that was just sent.
    pub(crate) fn note(&mut self, tg: &Testbed, sent: MessageRef, author: UserId, wants: BTreeMap<UserId, Want>) {
        let message = tg.message(sent).expect("it was just sent");
        self.written.push(Written {
            chat: message.chat_id,
            thread: message.thread,
            message: message.message_id,
            sequence: message.sequence,
            at: message.at,
            author,
            text: message.text,
            wants,
        });
    }

    /// The chat's present id.
    pub(crate) fn home(&self, chat: ChatId) -> ChatId {
        self.moved.get(&chat).copied().unwrap_or(chat)
    }
}
