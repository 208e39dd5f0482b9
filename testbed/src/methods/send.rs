//! Sending, editing, deleting, and showing that one is typing.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::{Answer, access};
use crate::{
    error::ApiError,
    ids::{ChatKey, MessageId, ThreadId, UserId},
    params::{Flag, Params, as_integer},
    world::{
        World,
        chat::ChatKind,
        message::{Content, Draft, Fate, Sender, text_body},
        people::ChatAction,
    },
};

const LONGEST_TEXT: usize = 4096;
/// Every forum's first topic. No message opened it, so that sending to it by number fails.
const GENERAL_TOPIC: ThreadId = ThreadId(1);

pub(super) fn send_message(world: &mut World, bot: UserId, params: &Params) -> Answer {
    let text = checked_text(params)?;
    let key = access::chat(world, bot, params)?;
    let reply_to = reply_target(world, key, params)?;
    let thread = params.thread_id();
    if let Some(thread) = thread {
        check_thread(world, key, thread)?;
    }
    if text.encode_utf16().count() > LONGEST_TEXT {
        return Err(ApiError::bad("message is too long"));
    }
    let kind = world.chat_mut(key).kind;
    world.pace.admit(bot, key, kind)?;
    let mut draft = Draft::new(Sender::Bot(bot), Content::Written, text_body(text));
    (draft.reply_to, draft.thread, draft.request) = (reply_to, thread, Some(params.0.clone()));
    let id = world.post(key, draft);
    shown(world, key, id)
}

/// Telegram cuts the space around a text; what is left may be nothing.
fn checked_text(params: &Params) -> Result<&str, ApiError> {
    let text = params.text("text").unwrap_or_default().trim();
    if text.is_empty() { Err(ApiError::bad("message text is empty")) } else { Ok(text) }
}

fn reply_target(world: &World, key: ChatKey, params: &Params) -> Result<Option<MessageId>, ApiError> {
    let parameters = params.structure("reply_parameters")?;
    let (target, lenient) = match &parameters {
        Some(reply) => {
            let lenient = reply.get("allow_sending_without_reply").map_or(Flag::Off, Flag::of);
            (reply.get("message_id").and_then(as_integer), lenient)
        }
        None => (params.integer("reply_to_message_id"), params.flag("allow_sending_without_reply")),
    };
    let Some(target) = target.filter(|id| *id != 0).map(MessageId) else {
        return Ok(None);
    };
    if exists(world, key, target) {
        return Ok(Some(target));
    }
    match lenient {
        Flag::On => Ok(None),
        Flag::Off => Err(ApiError::bad("message to be replied not found")),
    }
}

fn exists(world: &World, key: ChatKey, id: MessageId) -> bool {
    let message = world.chat(key).and_then(|chat| chat.messages.get(&id));
    message.is_some_and(|message| message.fate != Fate::Deleted)
}

fn check_thread(world: &World, key: ChatKey, thread: ThreadId) -> Result<(), ApiError> {
    let is_topic = world.chat(key).is_some_and(|chat| {
        let start = chat.messages.get(&MessageId(thread.0));
        chat.kind == ChatKind::Forum && start.is_some_and(|start| start.raw.contains_key("forum_topic_created"))
    });
    if is_topic { Ok(()) } else { Err(ApiError::bad("message thread not found")) }
}

pub(super) fn send_chat_action(world: &mut World, bot: UserId, params: &Params) -> Answer {
    let key = access::chat(world, bot, params)?;
    let thread = params.thread_id();
    if let Some(thread) = thread.filter(|thread| *thread != GENERAL_TOPIC) {
        check_thread(world, key, thread)?;
    }
    let action = params.text("action").ok_or_else(|| ApiError::bad("wrong parameter action in request"))?.to_owned();
    let action = ChatAction { chat_id: key.chat_id(), thread, action, at: SystemTime::now() };
    world.bot_mut(bot).actions.push(action);
    Ok(Value::Bool(true))
}

pub(super) fn edit_message_text(world: &mut World, bot: UserId, params: &Params) -> Answer {
    let text = checked_text(params)?;
    let key = access::chat(world, bot, params)?;
    let id = params.message_id().ok_or_else(|| ApiError::bad("message identifier is not specified"))?;
    if !exists(world, key, id) {
        return Err(ApiError::bad("message to edit not found"));
    }
    if text.encode_utf16().count() > LONGEST_TEXT {
        return Err(ApiError::bad("MESSAGE_TOO_LONG"));
    }
    let now = world.now();
    let chat = world.chat_mut(key);
    let message = chat.messages.get_mut(&id).ok_or_else(|| ApiError::bad("message to edit not found"))?;
    if message.sender != Sender::Bot(bot) {
        return Err(ApiError::bad("message can't be edited"));
    }
    if message.text == text {
        let unchanged = "message is not modified: specified new message content and reply markup are exactly the same \
                         as a current content and reply markup of the message";
        return Err(ApiError::bad(unchanged));
    }
    message.replace_text(text, now);
    shown(world, key, id)
}

pub(super) fn delete_message(world: &mut World, bot: UserId, params: &Params) -> Answer {
    let key = access::chat(world, bot, params)?;
    let id = params.message_id().ok_or_else(|| ApiError::bad("message identifier is not specified"))?;
    if !exists(world, key, id) {
        return Err(ApiError::bad("message to delete not found"));
    }
    let chat = world.chat_mut(key);
    let runs_chat = chat.status(bot).is_admin();
    let private = chat.kind == ChatKind::Private;
    let message = chat.messages.get_mut(&id).ok_or_else(|| ApiError::bad("message to delete not found"))?;
    if message.sender != Sender::Bot(bot) && !runs_chat && !private {
        return Err(ApiError::bad("message can't be deleted"));
    }
    message.fate = Fate::Deleted;
    Ok(Value::Bool(true))
}

fn shown(world: &World, key: ChatKey, id: MessageId) -> Answer {
    let message = world.chat(key).and_then(|chat| chat.messages.get(&id));
    message.map(|message| world.render(key, message)).ok_or_else(|| ApiError::bad(&json!(id).to_string()))
}
