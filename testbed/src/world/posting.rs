//! Putting messages into chats, changing them, and showing them as the Bot API does.
//! Who gets to see one is `routing`'s business.

use std::time::SystemTime;

use serde_json::{Map, Value, json};

use super::{
    World,
    chat::ChatKind,
    message::{ChatMessage, Content, Draft, Fate, Sender, text_of},
    people::{ANONYMOUS_ADMIN, CHANNEL_BOT, TELEGRAM},
};
use crate::ids::{ChatKey, MessageId, ThreadId};

impl World {
    /// Puts a message into a chat and before everyone who may see it.
    pub(crate) fn post(&mut self, key: ChatKey, draft: Draft) -> MessageId {
        let message = self.make_message(key, draft);
        let id = message.message_id;
        let chat = self.chat_mut(key);
        chat.messages.insert(id, message.clone());
        if let (Sender::Bot(bot), Content::Written) = (message.sender, message.content) {
            chat.last_bot = Some(bot);
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
        let kind = if message.sender == Sender::ChannelPost { "edited_channel_post" } else { "edited_message" };
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
        draft.thread.or_else(|| chat.messages.get(&draft.reply_to?)?.thread)
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
        Some(parent.raw.get("message_thread_id").and_then(Value::as_i64).map_or(reply_to, MessageId))
    }

    /// The message as the Bot API shows it: what it answers is one level deep, and a message
    /// in a topic that answers nothing answers the topic's start.
    pub(crate) fn render(&self, key: ChatKey, message: &ChatMessage) -> Value {
        let mut raw = message.raw.clone();
        let topic_start = message.thread.map(|thread| MessageId(thread.0)).filter(|id| *id != message.message_id);
        let parent = message.reply_to.or(topic_start);
        let parent = parent.and_then(|id| self.chat(key)?.messages.get(&id));
        if let Some(parent) = parent.filter(|parent| parent.fate != Fate::Deleted) {
            raw.insert("reply_to_message".to_owned(), Value::Object(parent.raw.clone()));
        }
        Value::Object(raw)
    }
}
