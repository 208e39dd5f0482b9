//! What bots said, for assertions.

use std::time::SystemTime;

use serde_json::{Map, Value};

use super::{Bot, PrivateChat, Testbed, User};
use crate::{
    ids::{ChatId, ChatKey, MessageId, MessageRef, ThreadId, UserId},
    world::{
        World,
        log::RequestRecord,
        message::{ChatMessage, Sender},
    },
};

/// A message that a bot sent and the emulator accepted, whether or not the bot ever heard so.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// Rises over all chats and bots.
    pub sequence: u64,
    /// By whom.
    pub bot: UserId,
    /// Where.
    pub chat_id: ChatId,
    /// The message's id in that chat.
    pub message_id: MessageId,
    /// The text, as it is now if the bot edited it.
    pub text: String,
    /// What it answers.
    pub reply_to: Option<MessageId>,
    /// In which topic.
    pub thread: Option<ThreadId>,
    /// The call's parameters.
    pub params: Map<String, Value>,
    /// When the emulator took it.
    pub at: SystemTime,
    key: ChatKey,
}

impl Sent {
    fn of(bot: UserId, key: ChatKey, message: &ChatMessage) -> Self {
        Self {
            sequence: message.sequence,
            bot,
            chat_id: message.chat_id,
            message_id: message.message_id,
            text: message.text.clone(),
            reply_to: message.reply_to,
            thread: message.thread,
            params: message.request.clone().unwrap_or_default(),
            at: message.at,
            key,
        }
    }

    /// Whether it answers this message.
    #[must_use]
    pub fn answers(&self, message: MessageRef) -> bool {
        self.key == message.key && self.reply_to == Some(message.message_id)
    }

    /// The message, to be answered in turn.
    #[must_use]
    pub fn message(&self) -> MessageRef {
        self.key.message(self.message_id)
    }
}

impl Testbed {
    /// Everything that a bot sent, in order.
    #[must_use]
    pub fn sent_by(&self, bot: &Bot) -> Vec<Sent> {
        self.sent_since(bot, 0)
    }

    /// What a bot sent after the first `skip` messages.
    #[must_use]
    pub fn sent_since(&self, bot: &Bot, skip: usize) -> Vec<Sent> {
        self.shared.look(|world| {
            let sent = world.bot(bot.id()).sent.iter().skip(skip);
            sent.filter_map(|(key, id)| sent_message(world, bot.id(), *key, *id)).collect()
        })
    }

    /// How many messages a bot sent.
    #[must_use]
    pub fn sent_count(&self, bot: &Bot) -> usize {
        self.shared.look(|world| world.bot(bot.id()).sent.len())
    }

    /// The answers to a message, whichever bot they are by.
    #[must_use]
    pub fn answers_to(&self, message: MessageRef) -> Vec<Sent> {
        self.shared.look(|world| {
            let Some(chat) = world.chat(message.key) else {
                return Vec::new();
            };
            let later = chat.messages.range(message.message_id..).map(|(_, later)| later);
            let answers = later.filter(|later| later.reply_to == Some(message.message_id));
            answers.filter_map(|answer| by_bot(message.key, answer)).collect()
        })
    }

    /// A message as the transcript keeps it.
    #[must_use]
    pub fn message(&self, message: MessageRef) -> Option<ChatMessage> {
        self.shared.look(|world| world.chat(message.key)?.messages.get(&message.message_id).cloned())
    }

    /// How many calls there were, of all bots: the sequence number of the next.
    #[must_use]
    pub fn request_count(&self) -> u64 {
        self.shared.look(|world| world.requests.len())
    }

    /// The calls of all bots from this sequence number on.
    #[must_use]
    pub fn requests_since(&self, sequence: u64) -> Vec<RequestRecord> {
        self.shared.look(|world| world.requests.since(sequence).to_vec())
    }

    /// All calls of a bot.
    #[must_use]
    pub fn requests(&self, bot: &Bot) -> Vec<RequestRecord> {
        bot.requests()
    }

    /// The private chat of a person and a bot.
    #[must_use]
    pub fn private(&self, user: &User, bot: &Bot) -> PrivateChat {
        PrivateChat::new(&self.shared, user.id(), bot.id())
    }
}

fn sent_message(world: &World, bot: UserId, key: ChatKey, id: MessageId) -> Option<Sent> {
    world.chat(key)?.messages.get(&id).map(|message| Sent::of(bot, key, message))
}

fn by_bot(key: ChatKey, message: &ChatMessage) -> Option<Sent> {
    match message.sender {
        Sender::Bot(bot) => Some(Sent::of(bot, key, message)),
        _ => None,
    }
}
