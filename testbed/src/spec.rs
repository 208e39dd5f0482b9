//! What a test asks for: bots, people, and the switches of the emulator.
//! Plain values; making them real is the world's business.

/// A bot to be registered.
#[derive(Clone, Debug)]
pub struct BotSpec {
    pub(crate) username: String,
    pub(crate) name: String,
    pub(crate) privacy: Privacy,
    pub(crate) token: Option<String>,
}

impl BotSpec {
    /// A bot with this username; privacy mode is on, as BotFather makes it.
    #[must_use]
    pub fn new(username: &str) -> Self {
        Self { username: username.to_owned(), name: username.to_owned(), privacy: Privacy::On, token: None }
    }

    /// Sets privacy mode: `true` means that the bot sees little of a group.
    #[must_use]
    pub fn privacy(mut self, on: bool) -> Self {
        self.privacy = if on { Privacy::On } else { Privacy::Off };
        self
    }

    /// The displayed name; the username by default.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Uses this token instead of a made-up one. A number before its colon becomes the bot's id.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }
}

/// Whether a bot in a group sees only what is meant for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privacy {
    /// Commands, replies, mentions and service messages only.
    On,
    /// Everything that people write.
    Off,
}

/// A person to be registered.
#[derive(Clone, Debug)]
pub struct UserSpec {
    pub(crate) name: String,
    pub(crate) username: Option<String>,
    pub(crate) language: Option<String>,
}

impl UserSpec {
    /// A person with this first name.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), username: None, language: None }
    }

    /// Gives the person an @username.
    #[must_use]
    pub fn username(mut self, username: &str) -> Self {
        self.username = Some(username.to_owned());
        self
    }

    /// The language of the person's Telegram client, an IETF tag.
    #[must_use]
    pub fn language(mut self, code: &str) -> Self {
        self.language = Some(code.to_owned());
        self
    }
}

/// Whether bots see what other bots write in a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BotMessages {
    /// As it always was: bots are deaf to each other.
    #[default]
    Hidden,
    /// As Bot API 10.0 allows: delivered by the same rules as a person's message.
    Delivered,
}

/// Whether a privacy-enabled bot sees a message that only mentions it.
///
/// Telegram's documentation does not list mentions, its servers deliver them; both can be had.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PrivacyMentions {
    /// As the servers do.
    #[default]
    Delivered,
    /// As the documentation says.
    Withheld,
}

/// How messages are numbered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Numbering {
    /// From 1 in every chat.
    #[default]
    PerChat,
    /// No number is ever used twice, whatever the chat: a message that answers in the wrong chat is found out. Holds for
    /// chats that come into being afterwards.
    Apart,
}

/// Whether sending is limited by pace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Limits {
    /// Send as fast as you like.
    #[default]
    Off,
    /// One message a second in a chat, twenty a minute in a group, else 429.
    Telegram,
}

/// What becomes of the `update_id` of a raw update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdateIds {
    /// The id in the JSON is sent as it is.
    Keep,
    /// The bot's next id is written over it.
    Assign,
}
