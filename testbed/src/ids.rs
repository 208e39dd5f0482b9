//! Newtypes for Telegram's numbers, so that a user can't be passed where a message is meant.
//! Knows nothing about what the numbers name.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta] $name:ident),+ $(,)?) => {$(
        #[$doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl From<i64> for $name {
            fn from(id: i64) -> Self {
                Self(id)
            }
        }

        impl PartialEq<i64> for $name {
            fn eq(&self, other: &i64) -> bool {
                self.0 == *other
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

id! {
    /// A person or a bot.
    UserId,
    /// A chat as the Bot API names it: a private chat has its user's id, groups are negative.
    ChatId,
    /// A message, unique within its chat.
    MessageId,
    /// A forum topic: the id of the service message that opened it.
    ThreadId,
}

impl From<UserId> for ChatId {
    fn from(user: UserId) -> Self {
        Self(user.0)
    }
}

impl From<MessageId> for ThreadId {
    fn from(message: MessageId) -> Self {
        Self(message.0)
    }
}

/// Where one message is. For a private chat the chat id is the user's, so the bot is named too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageRef {
    /// The chat's id as the Bot API gives it.
    pub chat_id: ChatId,
    /// The message's id in that chat.
    pub message_id: MessageId,
    pub(crate) key: ChatKey,
}

/// Names a chat without ambiguity: every bot has its own private chat with the same user id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum ChatKey {
    Private { user: UserId, bot: UserId },
    Shared(ChatId),
}

impl ChatKey {
    pub(crate) fn chat_id(self) -> ChatId {
        match self {
            Self::Private { user, .. } => user.into(),
            Self::Shared(id) => id,
        }
    }

    pub(crate) fn message(self, message_id: MessageId) -> MessageRef {
        MessageRef { chat_id: self.chat_id(), message_id, key: self }
    }
}
