//! Who gets to see a message: privacy mode, administrators, bots deaf to bots.
//!
//! A message reaches every bot that sees all (administrators and those without privacy mode) and at most one bot
//! in privacy mode: the one that it answers, else the one it came via, else the one whose command it is, else the
//! one it mentions, else — a command for nobody in particular — the one that wrote last. If none ever wrote, such
//! a command reaches all. Service messages reach everyone.

use serde_json::{Map, Value, json};

use super::{
    World,
    chat::{Chat, ChatKind, Member},
    message::{ChatMessage, Content, Sender},
};
use crate::{
    entities,
    ids::{ChatKey, UserId},
    spec::{BotMessages, Privacy, PrivacyMentions},
};

/// Which of the bots in privacy mode may see a message.
#[derive(Debug, PartialEq, Eq)]
enum Meant {
    Nobody,
    For(UserId),
    Everybody,
}

impl World {
    /// Queues a new message for everyone who may see it.
    pub(crate) fn deliver(&mut self, key: ChatKey, message: &ChatMessage) {
        let kind = match self.chat(key).map(|chat| chat.kind) {
            Some(ChatKind::Channel) => "channel_post",
            _ => "message",
        };
        self.deliver_as(kind, key, message);
    }

    pub(crate) fn deliver_as(&mut self, kind: &str, key: ChatKey, message: &ChatMessage) {
        let recipients = self.recipients(key, message);
        if recipients.is_empty() {
            return;
        }
        let payload = self.render(key, message);
        for bot in recipients {
            self.bot_mut(bot).updates.push(kind, key.chat_id(), payload.clone());
        }
    }

    fn recipients(&self, key: ChatKey, message: &ChatMessage) -> Vec<UserId> {
        let author = match message.sender {
            Sender::Bot(bot) => Some(bot),
            _ => None,
        };
        match (key, self.chat(key)) {
            (ChatKey::Private { bot, .. }, _) => {
                if author.is_none() {
                    vec![bot]
                } else {
                    Vec::new()
                }
            }
            (ChatKey::Shared(_), Some(chat)) => self.group_recipients(chat, message, author),
            (ChatKey::Shared(_), None) => Vec::new(),
        }
    }

    fn group_recipients(&self, chat: &Chat, message: &ChatMessage, author: Option<UserId>) -> Vec<UserId> {
        let hidden = self.bot_messages == BotMessages::Hidden;
        if author.is_some() && message.content == Content::Written && hidden {
            return Vec::new();
        }
        let meant = self.meant_for(chat, message);
        let bots = chat.members.iter().filter(|(id, member)| self.bots.contains_key(id) && member.status.is_present());
        let thrown_out = thrown_out(message);
        bots.filter(|(id, member)| Some(**id) != author && (sees_all(chat, member) || meant.includes(**id)))
            .map(|(id, _)| *id)
            .chain(thrown_out.filter(|id| self.bots.contains_key(id) && Some(*id) != author))
            .collect()
    }

    fn meant_for(&self, chat: &Chat, message: &ChatMessage) -> Meant {
        if message.content == Content::Service {
            return Meant::Everybody;
        }
        let here = |bot: &UserId| chat.status(*bot).is_present();
        let commands = self.commands_in(&message.raw);
        let named = [
            self.answered_bot(chat, message),
            message.raw.get("via_bot").and_then(|bot| bot["id"].as_i64()).map(UserId),
            commands.iter().find_map(|command| self.bot_by_username(command.1.as_deref()?)).filter(here),
            self.mentioned_bot(&message.raw).filter(here),
        ];
        if let Some(bot) = named.into_iter().flatten().next() {
            return Meant::For(bot);
        }
        match commands.iter().any(|(_, address)| address.is_none()) {
            true => chat.last_bot.filter(here).map_or(Meant::Everybody, Meant::For),
            false => Meant::Nobody,
        }
    }

    fn answered_bot(&self, chat: &Chat, message: &ChatMessage) -> Option<UserId> {
        match chat.messages.get(&message.reply_to?)?.sender {
            Sender::Bot(bot) => Some(bot),
            _ => None,
        }
    }

    /// The commands of a message and whom each is addressed to.
    fn commands_in(&self, raw: &Map<String, Value>) -> Vec<(String, Option<String>)> {
        entities_of(raw, "bot_command")
            .map(|(_, command)| match command.split_once('@') {
                Some((name, address)) => (name.to_owned(), Some(address.to_owned())),
                None => (command, None),
            })
            .collect()
    }

    fn mentioned_bot(&self, raw: &Map<String, Value>) -> Option<UserId> {
        if self.privacy_mentions == PrivacyMentions::Withheld {
            return None;
        }
        let by_name = entities_of(raw, "mention").find_map(|(_, name)| self.bot_by_username(name.strip_prefix('@')?));
        by_name.or_else(|| {
            let mut named = entities_of(raw, "text_mention").filter_map(|(entity, _)| entity["user"]["id"].as_i64());
            named.find_map(|id| self.bots.contains_key(&UserId(id)).then_some(UserId(id)))
        })
    }

    /// Tells a bot how its own standing in a chat changed.
    pub(crate) fn deliver_own_membership(&mut self, bot: UserId, key: ChatKey, change: &Value) {
        self.bot_mut(bot).updates.push("my_chat_member", key.chat_id(), change.clone());
    }

    /// Tells the bots that run a chat how somebody else's standing changed.
    pub(crate) fn deliver_membership(&mut self, key: ChatKey, about: UserId, change: &Value) {
        let Some(chat) = self.chat(key) else { return };
        let admins = chat.members.iter().filter(|(id, member)| **id != about && member.status.is_admin());
        let bots: Vec<UserId> = admins.map(|(id, _)| *id).filter(|id| self.bots.contains_key(id)).collect();
        for bot in bots {
            self.bot_mut(bot).updates.push("chat_member", key.chat_id(), json!(change));
        }
    }
}

impl Meant {
    fn includes(&self, bot: UserId) -> bool {
        match self {
            Self::Nobody => false,
            Self::For(meant) => *meant == bot,
            Self::Everybody => true,
        }
    }
}

/// Whoever is thrown out still gets to see the message that says so.
fn thrown_out(message: &ChatMessage) -> Option<UserId> {
    let left = message.raw.get("left_chat_member")?;
    left["id"].as_i64().map(UserId)
}

fn sees_all(chat: &Chat, member: &Member) -> bool {
    chat.kind == ChatKind::Channel || member.status.is_admin() || member.privacy == Privacy::Off
}

/// The entities of one type with the characters they cover, be they in a text or a caption.
fn entities_of<'a>(raw: &'a Map<String, Value>, kind: &'a str) -> impl Iterator<Item = (&'a Value, String)> {
    let text = super::message::text_of(raw);
    let entities = raw.get("entities").or_else(|| raw.get("caption_entities")).and_then(Value::as_array);
    entities
        .into_iter()
        .flatten()
        .filter(move |entity| entity["type"] == kind)
        .filter_map(move |entity| Some((entity, entities::covered(text, entity)?)))
}
