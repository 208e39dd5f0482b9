//! What a message is, in the transcript and before it is sent.
//! Putting it into a chat is `posting`'s business.

use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::ids::{ChatId, MessageId, ThreadId, UserId};

/// Who a message is from, as people see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A person under their own name.
    User(UserId),
    /// A bot.
    Bot(UserId),
    /// An administrator who hides behind the group.
    AnonymousAdmin,
    /// Somebody who hides behind a channel.
    Channel(ChatId),
    /// Telegram, forwarding a post of the linked channel.
    AutomaticForward(ChatId),
    /// The channel itself, in the channel.
    ChannelPost,
}

/// Whether a message says something or reports an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Somebody wrote it.
    Written,
    /// "Anna joined the group."
    Service,
}

/// Whether a message still is as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is.
    AsSent,
    /// Its text was changed.
    Edited,
    /// It is gone; the transcript keeps it for the test.
    Deleted,
}

/// A message as the transcript keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatMessage {
    /// Rises over all chats of the emulator.
    pub sequence: u64,
    /// Where.
    pub chat_id: ChatId,
    /// Its id in the chat.
    pub message_id: MessageId,
    /// From whom.
    pub sender: Sender,
    /// Written or service.
    pub content: Content,
    /// Text or caption; empty where there is neither.
    pub text: String,
    /// The message that it answers. The implicit reply to a topic's start is not one.
    pub reply_to: Option<MessageId>,
    /// The topic that it is in.
    pub thread: Option<ThreadId>,
    /// What became of it.
    pub fate: Fate,
    /// When the emulator took it.
    pub at: SystemTime,
    /// The request that sent it, for a bot's message.
    pub request: Option<Map<String, Value>>,
    /// The Bot API's object, without `reply_to_message`.
    pub raw: Map<String, Value>,
}

impl ChatMessage {
    /// Writes another text, or caption, over this one's.
    pub(crate) fn replace_text(&mut self, text: &str, now: i64) {
        let has_caption = self.raw.contains_key("caption");
        let (text_field, entities_field) =
            if has_caption { ("caption", "caption_entities") } else { ("text", "entities") };
        self.raw.insert(text_field.to_owned(), text.into());
        self.raw.remove(entities_field);
        let entities = crate::entities::scan(text);
        if !entities.is_empty() {
            self.raw.insert(entities_field.to_owned(), entities.into());
        }
        self.raw.insert("edit_date".to_owned(), now.into());
        text.clone_into(&mut self.text);
        self.fate = Fate::Edited;
    }
}

/// A message to be.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) sender: Sender,
    pub(crate) content: Content,
    pub(crate) body: Map<String, Value>,
    pub(crate) reply_to: Option<MessageId>,
    pub(crate) thread: Option<ThreadId>,
    pub(crate) date: Option<i64>,
    pub(crate) request: Option<Map<String, Value>>,
}

impl Draft {
    pub(crate) fn new(sender: Sender, content: Content, body: Map<String, Value>) -> Self {
        Self { sender, content, body, reply_to: None, thread: None, date: None, request: None }
    }

    /// An event with one field that tells which.
    pub(crate) fn service(by: UserId, field: &str, value: Value) -> Self {
        let body = Map::from_iter([(field.to_owned(), value)]);
        Self::new(Sender::User(by), Content::Service, body)
    }
}

/// The text or the caption of a Bot API message.
pub(crate) fn text_of(raw: &Map<String, Value>) -> &str {
    raw.get("text").or_else(|| raw.get("caption")).and_then(Value::as_str).unwrap_or_default()
}

/// The body of a plain text message, entities found.
pub(crate) fn text_body(text: &str) -> Map<String, Value> {
    let mut body = Map::from_iter([("text".to_owned(), Value::from(text))]);
    let entities = crate::entities::scan(text);
    if !entities.is_empty() {
        body.insert("entities".to_owned(), entities.into());
    }
    body
}
