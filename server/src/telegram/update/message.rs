//! Messages: text, topic, reply, forward, and the service messages that tell of a migration.

use time::OffsetDateTime;

use super::raw::RawMessage;
use super::sender::{chat_kind, printable, sender, title};
use super::{GENERAL_TOPIC, entities};
use crate::chat::{ChatId, ChatKind, ChatRef, Entity, Message, MessageId, RepliedTo, ThreadId, TransportKind};
use crate::incoming::Incoming;

/// What a `message` means: mostly just a message.
pub(super) fn incoming(raw: RawMessage) -> Incoming {
    let here = raw.chat.id;
    let migration = match (raw.migrate_to_chat_id, raw.migrate_from_chat_id) {
        (Some(to), _) => Some((here, to)),
        (None, Some(from)) => Some((from, here)),
        (None, None) => None,
    };
    match migration {
        None => Incoming::Message(message(raw)),
        Some((from, to)) if from == to => Incoming::Ignored("migration_onto_itself"),
        Some((from, to)) => Incoming::Migrated { from: ChatId(from), to: ChatId(to) },
    }
}

/// Translates a message.
pub(super) fn message(mut raw: RawMessage) -> Message {
    let reply_to = raw.reply_to_message.take().and_then(|replied| reply(&raw, *replied));
    let (text, entities) = content(&mut raw);
    Message {
        id: MessageId(raw.message_id),
        chat: ChatRef { transport: TransportKind::Telegram, id: ChatId(raw.chat.id), thread: thread(&raw) },
        chat_kind: chat_kind(&raw.chat),
        chat_title: title(&raw.chat),
        sender: sender(&raw),
        sent_at: sent_at(raw.date),
        text,
        entities,
        reply_to,
        forwarded: raw.forward_origin.is_some() || raw.forward_date.is_some(),
    }
}

fn content(raw: &mut RawMessage) -> (String, Vec<Entity>) {
    let (text, raw_entities) = match raw.text.take() {
        Some(text) => (text, std::mem::take(&mut raw.entities)),
        None => (raw.caption.take().unwrap_or_default(), std::mem::take(&mut raw.caption_entities)),
    };
    let text = printable(&text);
    let entities = entities::entities(&text, raw_entities);
    (text, entities)
}

/// Plain reply chains carry a thread id that can't be sent to, so only topics count. A message in a forum outside of
/// any topic is in the general one, whether Telegram says so or not.
fn thread(raw: &RawMessage) -> Option<ThreadId> {
    let in_topic = raw.is_topic_message == Some(true);
    let topic = raw.message_thread_id.filter(|_| in_topic).map(ThreadId);
    let general = chat_kind(&raw.chat) == ChatKind::Group && raw.chat.is_forum == Some(true);
    topic.or(general.then_some(GENERAL_TOPIC))
}

fn reply(raw: &RawMessage, mut replied: RawMessage) -> Option<RepliedTo> {
    if is_topic_convention(raw, &replied) {
        return None;
    }
    let known = replied.from.is_some() || replied.sender_chat.is_some();
    let (text, _) = content(&mut replied);
    Some(RepliedTo { id: MessageId(replied.message_id), sender: known.then(|| sender(&replied)), text })
}

/// In a topic every message that answers nothing "answers" the topic's first message.
fn is_topic_convention(raw: &RawMessage, replied: &RawMessage) -> bool {
    let to_root = raw.is_topic_message == Some(true) && raw.message_thread_id == Some(replied.message_id);
    to_root || replied.forum_topic_created.is_some()
}

fn sent_at(date: Option<i64>) -> OffsetDateTime {
    date.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok()).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
