//! Messages: making them, keeping them, and showing them as the Bot API does.
//! Who gets to see one is `routing`'s business.

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use super::{
    World,
    chat::ChatKind,
    people::{ANONYMOUS_ADMIN, CHANNEL_BOT, TELEGRAM},
};
use crate::ids::{ChatId, ChatKey, MessageId, ThreadId, UserId};

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
        let (text_field, entities_field) = if has_caption {
            ("caption", "caption_entities")
        } else {
            ("text", "entities")
        };
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
        Self {
            sender,
            content,
            body,
            reply_to: None,
            thread: None,
            date: None,
            request: None,
        }
    }

    /// An event with one field that tells which.
    pub(crate) fn service(by: UserId, field: &str, value: Value) -> Self {
        let body = Map::from_iter([(field.to_owned(), value)]);
        Self::new(Sender::User(by), Content::Service, body)
    }
}

impl World {
    /// Puts a message into a chat and before everyone who may see it.
    pub(crate) fn post(&mut self, key: ChatKey, draft: Draft) -> MessageId {
        let message = self.make_message(key, draft);
        let id = message.message_id;
        let chat = self.chat_mut(key);
        if let Sender::Bot(bot) = message.sender {
            chat.last_bot = Some(bot);
        }
        chat.messages.insert(id, message.clone());
        if let (Sender::Bot(bot), Content::Written) = (message.sender, message.content) {
            self.bot_mut(bot).sent.push((key, id));
        }
        self.deliver(key, &message);
        id
    }

    /// Changes a text and shows the new one to everyone who may see it.
    pub(crate) fn edit(&mut self, key: ChatKey, id: MessageId, text: &str) {
        let now = self.now();
        let Some(message) = self.chat_mut(key).messages.get_mut(&id) else {
            return;
        };
        message.replace_text(text, now);
        let message = message.clone();
        let kind = if message.sender == Sender::ChannelPost {
            "edited_channel_post"
        } else {
            "edited_message"
        };
        self.deliver_as(kind, key, &message);
    }

    /// Takes a message away. The Bot API tells nobody.
    pub(crate) fn delete(&mut self, key: ChatKey, id: MessageId) {
        if let Some(message) = self.chat_mut(key).messages.get_mut(&id) {
            message.fate = Fate::Deleted;
        }
    }

    fn make_message(&mut self, key: ChatKey, draft: Draft) -> ChatMessage {
        let sequence = self.next_sequence();
        let date = draft.date.unwrap_or_else(|| self.now());
        let thread = self.thread_of(key, &draft);
        let message_id = self.chat_mut(key).next_message_id();
        let mut raw = Map::from_iter([
            ("message_id".to_owned(), json!(message_id)),
            ("date".to_owned(), json!(date)),
            ("chat".to_owned(), self.chat_json(key)),
        ]);
        self.describe_sender(key, draft.sender, &mut raw);
        self.describe_thread(key, thread, draft.reply_to, &mut raw);
        raw.extend(draft.body);
        ChatMessage {
            sequence,
            chat_id: key.chat_id(),
            message_id,
            sender: draft.sender,
            content: draft.content,
            text: text_of(&raw).to_owned(),
            reply_to: draft.reply_to,
            thread,
            fate: Fate::AsSent,
            at: SystemTime::now(),
            request: draft.request,
            raw,
        }
    }

    /// A reply goes to the topic of what it answers, unless it says otherwise.
    fn thread_of(&self, key: ChatKey, draft: &Draft) -> Option<ThreadId> {
        let chat = self.chat(key)?;
        if chat.kind != ChatKind::Forum {
            return None;
        }
        draft
            .thread
            .or_else(|| chat.messages.get(&draft.reply_to?)?.thread)
    }

    fn describe_sender(&self, key: ChatKey, sender: Sender, raw: &mut Map<String, Value>) {
        let (from, behind) = match sender {
            Sender::User(id) | Sender::Bot(id) => (Some(id), None),
            Sender::AnonymousAdmin => (Some(ANONYMOUS_ADMIN), Some(key)),
            Sender::Channel(id) => (Some(CHANNEL_BOT), Some(ChatKey::Shared(id))),
            Sender::AutomaticForward(id) => (Some(TELEGRAM), Some(ChatKey::Shared(id))),
            Sender::ChannelPost => (None, Some(key)),
        };
        if let Some(from) = from {
            raw.insert("from".to_owned(), self.user_json(from));
        }
        if let Some(behind) = behind {
            raw.insert("sender_chat".to_owned(), self.chat_json(behind));
        }
        if let Sender::AutomaticForward(channel) = sender {
            let origin = json!({
                "type": "channel", "chat": self.chat_json(ChatKey::Shared(channel)), "message_id": 1, "date": raw["date"],
            });
            raw.insert("is_automatic_forward".to_owned(), true.into());
            raw.insert("forward_origin".to_owned(), origin);
        }
    }

    fn describe_thread(
        &self,
        key: ChatKey,
        thread: Option<ThreadId>,
        reply_to: Option<MessageId>,
        raw: &mut Map<String, Value>,
    ) {
        if let Some(thread) = thread {
            raw.insert("message_thread_id".to_owned(), json!(thread));
            raw.insert("is_topic_message".to_owned(), true.into());
            return;
        }
        // In a supergroup without topics a chain of replies carries its root as a thread. Sending with it fails.
        let root = reply_to.and_then(|reply_to| self.reply_chain_root(key, reply_to));
        if let Some(root) = root {
            raw.insert("message_thread_id".to_owned(), json!(root));
        }
    }

    fn reply_chain_root(&self, key: ChatKey, reply_to: MessageId) -> Option<MessageId> {
        let chat = self.chat(key)?;
        if chat.kind != ChatKind::Supergroup {
            return None;
        }
        let parent = chat.messages.get(&reply_to)?;
        Some(
            parent
                .raw
                .get("message_thread_id")
                .and_then(Value::as_i64)
                .map_or(reply_to, MessageId),
        )
    }

    /// The message as the Bot API shows it: what it answers is one level deep, and a message
    /// in a topic that answers nothing answers the topic's start.
    pub(crate) fn render(&self, key: ChatKey, message: &ChatMessage) -> Value {
        let mut raw = message.raw.clone();
        let topic_start = message
            .thread
            .map(|thread| MessageId(thread.0))
            .filter(|id| *id != message.message_id);
        let parent = message.reply_to.or(topic_start);
        let parent = parent.and_then(|id| self.chat(key)?.messages.get(&id));
        if let Some(parent) = parent.filter(|parent| parent.fate != Fate::Deleted) {
            raw.insert(
                "reply_to_message".to_owned(),
                Value::Object(parent.raw.clone()),
            );
        }
        Value::Object(raw)
    }
}

/// The text or the caption of a Bot API message.
pub(crate) fn text_of(raw: &Map<String, Value>) -> &str {
    raw.get("text")
        .or_else(|| raw.get("caption"))
        .and_then(Value::as_str)
        .unwrap_or_default()
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
