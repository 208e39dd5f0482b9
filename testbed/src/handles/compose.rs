//! A message in the making, with everything that a person can put into one.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Bot, Group, User};
use crate::{
    entities,
    ids::{ChatKey, MessageRef, ThreadId, UserId},
    shared::Shared,
    spec::Privacy,
    world::{
        World,
        chat::{Member, MemberStatus},
        message::{Content, Draft, Sender},
    },
};

/// A message that [`send`](MessageBuilder::send) will send.
#[derive(Clone, Debug)]
#[must_use = "send() sends it"]
pub struct MessageBuilder {
    shared: Arc<Shared>,
    author: UserId,
    key: ChatKey,
    draft: Draft,
    text_field: TextField,
    mentions: Vec<(String, UserId)>,
    extra: Map<String, Value>,
}

/// Where the words go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TextField {
    Text,
    Caption,
}

impl MessageBuilder {
    pub(super) fn new(shared: &Arc<Shared>, author: UserId, key: ChatKey) -> Self {
        Self {
            shared: Arc::clone(shared),
            author,
            key,
            draft: Draft::new(Sender::User(author), Content::Written, Map::new()),
            text_field: TextField::Text,
            mentions: Vec::new(),
            extra: Map::new(),
        }
    }

    fn words(mut self, field: TextField, words: &str) -> Self {
        self.text_field = field;
        let (name, other) = field.names();
        let found = entities::scan(words);
        self.draft.body.insert(name.to_owned(), words.into());
        if !found.is_empty() {
            self.draft.body.insert(other.to_owned(), found.into());
        }
        self
    }

    /// The text; mentions, commands and links in it become entities.
    pub fn text(self, text: &str) -> Self {
        self.words(TextField::Text, text)
    }

    /// A photo with this caption.
    pub fn photo(self, caption: &str) -> Self {
        let photo = json!([{
            "file_id": "AgACAgIAAxkBAAI", "file_unique_id": "AQADAgAT", "width": 320, "height": 240, "file_size": 9137,
        }]);
        let with_photo = self.field("photo", photo);
        if caption.is_empty() { with_photo } else { with_photo.words(TextField::Caption, caption) }
    }

    /// A sticker: neither text nor caption.
    pub fn sticker(self) -> Self {
        let sticker = json!({
            "file_id": "CAACAgIAAxkBAAI", "file_unique_id": "AgADAgAT", "type": "regular", "width": 512, "height": 512,
            "is_animated": false, "is_video": false, "emoji": "🚌",
        });
        self.field("sticker", sticker)
    }

    /// Makes `part` of the words a mention of a person, or a bot, by id.
    pub fn text_mention(mut self, part: &str, whom: UserId) -> Self {
        self.mentions.push((part.to_owned(), whom));
        self
    }

    /// Answers a message of the same chat.
    pub fn reply_to(mut self, message: MessageRef) -> Self {
        self.draft.reply_to = Some(message.message_id);
        self
    }

    /// Into this topic; without it, into General or the topic of the message being answered.
    pub fn in_topic(mut self, topic: ThreadId) -> Self {
        self.draft.thread = Some(topic);
        self
    }

    /// As an administrator who hides behind the group.
    pub fn anonymously(mut self) -> Self {
        self.draft.sender = Sender::AnonymousAdmin;
        self
    }

    /// As a channel.
    pub fn as_channel(mut self, channel: &Group) -> Self {
        self.draft.sender = Sender::Channel(channel.id());
        self
    }

    /// As Telegram's automatic forward of a post of the linked channel.
    pub fn automatic_forward_from(mut self, channel: &Group) -> Self {
        self.draft.sender = Sender::AutomaticForward(channel.id());
        self
    }

    /// Forwarded from somebody.
    pub fn forwarded_from(self, whom: &User) -> Self {
        let (user, date) = self.shared.look(|world| (world.user_json(whom.id()), world.now() - 60));
        self.field("forward_origin", json!({ "type": "user", "sender_user": user, "date": date }))
    }

    /// Sent by way of an inline bot.
    pub fn via(self, bot: &Bot) -> Self {
        let user = self.shared.look(|world| world.user_json(bot.id()));
        self.field("via_bot", user)
    }

    /// Written at this Unix time.
    pub fn dated(mut self, date: i64) -> Self {
        self.draft.date = Some(date);
        self
    }

    /// Any other field of the Bot API's `Message`, written over what is there.
    pub fn field(mut self, name: &str, value: Value) -> Self {
        self.extra.insert(name.to_owned(), value);
        self
    }

    /// Sends it.
    pub fn send(self) -> MessageRef {
        let shared = Arc::clone(&self.shared);
        shared.change(|world| self.send_into(world))
    }

    fn send_into(mut self, world: &mut World) -> MessageRef {
        self.add_mentions(world);
        self.draft.body.append(&mut self.extra);
        settle(world, self.key, self.author, self.draft.sender);
        self.key.message(world.post(self.key, self.draft))
    }

    fn add_mentions(&mut self, world: &World) {
        let (words, list) = self.text_field.names();
        let text = self.draft.body.get(words).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut found: Vec<Value> = Vec::new();
        for (part, whom) in &self.mentions {
            if let Some((offset, length)) = entities::locate(&text, part) {
                let mut entity = entities::entity("text_mention", offset, length);
                entity["user"] = world.user_json(*whom);
                found.push(entity);
            }
        }
        if let Some(Value::Array(scanned)) = self.draft.body.get(list) {
            found.extend(scanned.iter().cloned());
        }
        found.sort_by_key(|entity| entity["offset"].as_u64());
        if !found.is_empty() {
            self.draft.body.insert(list.to_owned(), found.into());
        }
    }
}

impl TextField {
    /// The field of the words and that of their entities.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Text => ("text", "entities"),
            Self::Caption => ("caption", "caption_entities"),
        }
    }
}

/// Writing takes being there: in a private chat not having blocked the bot, in a group being a member.
fn settle(world: &mut World, key: ChatKey, author: UserId, sender: Sender) {
    match key {
        ChatKey::Private { user, bot } => world.set_blocked(user, bot, MemberStatus::Member),
        ChatKey::Shared(_) if sender == Sender::User(author) => {
            let chat = world.chat_mut(key);
            if !chat.status(author).is_present() {
                chat.members.insert(author, Member { status: MemberStatus::Member, privacy: Privacy::On });
            }
        }
        ChatKey::Shared(_) => {}
    }
}
