//! The words every part of the server shares for conversations: chats, senders, messages.
//!
//! Nothing here is named after a transport: `telegram/` translates updates into these types and back.
//! Ids are newtypes, because a chat id is not a user id is not a message id.

mod seat;

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

pub use self::seat::Seat;

/// Declares a newtype over `i64` for one kind of id.
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A chat within one transport. In a private Telegram chat it equals the person's user id for every bot.
    ChatId
);
id!(
    /// A person, bot or channel that writes.
    UserId
);
id!(
    /// A message within one chat.
    MessageId
);
id!(
    /// A topic within one chat.
    ThreadId
);

/// A persona's name: `[a-z0-9_-]`, 1 to 32 characters, unique within the daemon.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PersonaName(String);

impl PersonaName {
    /// Characters of a name, at most.
    pub const LONGEST: usize = 32;

    /// Parses a name; `None` when it is empty, too long or has other characters.
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
        let fits = (1..=Self::LONGEST).contains(&text.len()) && text.chars().all(allowed);
        fits.then(|| Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The persona at this transport.
    pub fn at(&self, transport: TransportKind) -> Seat {
        Seat { persona: self.clone(), transport }
    }
}

impl fmt::Display for PersonaName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a chat lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransportKind {
    /// Telegram's Bot API.
    Telegram,
    /// The rooms of the daemon's own page.
    Web,
}

impl TransportKind {
    /// The name the store keeps.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Telegram => "telegram",
            Self::Web => "web",
        }
    }

    /// Reads the name the store keeps.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Telegram, Self::Web].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// One place to talk: a chat, or one topic of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChatRef {
    /// Where the chat lives.
    pub transport: TransportKind,
    /// The chat within its transport.
    pub id: ChatId,
    /// The topic, where the chat has topics.
    pub thread: Option<ThreadId>,
}

/// One persona in one place: the unit of history, of order and of work in flight.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Conversation {
    /// Who talks.
    pub persona: PersonaName,
    /// Where.
    pub chat: ChatRef,
}

/// One persona in one chat, all topics together: the unit of settings and of pacing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct ChatKey {
    /// Who talks.
    pub persona: PersonaName,
    /// Where the chat lives.
    pub transport: TransportKind,
    /// The chat within its transport.
    pub chat: ChatId,
}

impl Conversation {
    /// Where the persona must be up for this.
    pub fn seat(&self) -> Seat {
        self.persona.at(self.chat.transport)
    }

    /// The chat that settings and pacing belong to.
    pub fn key(&self) -> ChatKey {
        ChatKey { persona: self.persona.clone(), transport: self.chat.transport, chat: self.chat.id }
    }
}

/// Whether a chat has one other member or many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatKind {
    /// One person and the persona.
    Private,
    /// Groups and supergroups.
    Group,
    /// Posts of a channel: context only, the persona never answers them.
    Channel,
}

/// The bot account that a persona speaks through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Me {
    /// Its user id.
    pub id: UserId,
    /// Its username, without the `@`.
    pub username: String,
    /// Whether it hears what isn't addressed to it in every group (privacy mode is off).
    pub can_read_all_group_messages: bool,
}

/// What kind of author a message has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SenderKind {
    /// A person.
    Person,
    /// Somebody who administers this very group and writes in its name.
    AnonymousAdmin,
    /// A person who writes in the name of a channel or of another chat; never an administrator.
    Channel,
    /// A post of the linked channel, forwarded by the transport itself: context, never a trigger.
    AutomaticForward,
    /// Another bot: neither answered nor stored, so that two bots can't loop.
    Bot,
}

/// The author of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The author's id; for [`SenderKind::Channel`] and [`SenderKind::AnonymousAdmin`] that of the chat they write as.
    pub id: UserId,
    /// What kind of author it is.
    pub kind: SenderKind,
    /// First and last name, or a chat's title.
    pub name: String,
    /// IETF language tag of the person's client, where it is known.
    pub language: Option<String>,
}

/// Whom or what a part of a message's text names. Ranges are byte offsets into [`Message::text`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// Start and end in bytes, both on character boundaries.
    pub range: std::ops::Range<usize>,
    /// What stands there.
    pub kind: EntityKind,
}

/// The kinds of entity that triggers and filters read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntityKind {
    /// `@username`; the name as written, without the `@`.
    Mention(String),
    /// A person or bot named by id.
    UserMention(UserId),
    /// `/command` or `/command@bot`, as written, without the slash.
    Command(String),
}

/// The message that another message answers; one level deep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepliedTo {
    /// Its id.
    pub id: MessageId,
    /// Its author, where known.
    pub sender: Option<Sender>,
    /// Its text or caption, unaltered; may be empty.
    pub text: String,
}

/// A message somebody wrote, translated from its transport.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id within the chat.
    pub id: MessageId,
    /// Where it was written.
    pub chat: ChatRef,
    /// What kind of chat that is.
    pub chat_kind: ChatKind,
    /// What the chat is called: its title, or the person's name; may be empty.
    pub chat_title: String,
    /// Who wrote it.
    pub sender: Sender,
    /// When it was written.
    pub sent_at: OffsetDateTime,
    /// Text or caption, unaltered; empty where the message has neither.
    pub text: String,
    /// What the text names.
    pub entities: Vec<Entity>,
    /// What it answers. Absent where a topic's first message is meant by transport convention only.
    pub reply_to: Option<RepliedTo>,
    /// Whether it was forwarded from elsewhere: its commands are then not the sender's own.
    pub forwarded: bool,
}

/// Languages of the texts the daemon itself writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Russian, the default.
    Ru,
    /// English.
    En,
}

impl Language {
    /// The two-letter code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ru => "ru",
            Self::En => "en",
        }
    }

    /// Reads the two-letter code.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "ru" => Some(Self::Ru),
            "en" => Some(Self::En),
            _ => None,
        }
    }
}
