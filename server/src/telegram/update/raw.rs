//! The fields of Telegram's objects that we read, and no others.
//!
//! Only ids are required. Any other field that is absent or has an unexpected type reads as absent, so that a message
//! with content newer than this program keeps its text.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// `Message`.
#[derive(Deserialize)]
pub(super) struct RawMessage {
    pub(super) message_id: i64,
    pub(super) chat: RawChat,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) date: Option<i64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) from: Option<RawUser>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) sender_chat: Option<RawChat>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) message_thread_id: Option<i64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) is_topic_message: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) is_automatic_forward: Option<bool>,
    pub(super) forward_origin: Option<Value>,
    pub(super) forward_date: Option<Value>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) reply_to_message: Option<Box<RawMessage>>,
    pub(super) forum_topic_created: Option<Value>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) text: Option<String>,
    #[serde(default, deserialize_with = "lenient_items")]
    pub(super) entities: Vec<RawEntity>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) caption: Option<String>,
    #[serde(default, deserialize_with = "lenient_items")]
    pub(super) caption_entities: Vec<RawEntity>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) migrate_to_chat_id: Option<i64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) migrate_from_chat_id: Option<i64>,
}

/// `Chat`.
#[derive(Deserialize)]
pub(super) struct RawChat {
    pub(super) id: i64,
    #[serde(default, rename = "type", deserialize_with = "lenient")]
    pub(super) kind: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) title: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) first_name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) last_name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) username: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) is_forum: Option<bool>,
}

/// `User`.
#[derive(Deserialize)]
pub(super) struct RawUser {
    pub(super) id: i64,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) is_bot: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) first_name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) last_name: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) username: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) language_code: Option<String>,
}

/// `MessageEntity`; offset and length count UTF-16 units.
#[derive(Deserialize)]
pub(super) struct RawEntity {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) offset: usize,
    pub(super) length: usize,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) user: Option<RawUser>,
}

/// `ChatMemberUpdated`.
#[derive(Deserialize)]
pub(super) struct RawMemberUpdate {
    pub(super) chat: RawChat,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) from: Option<RawUser>,
    pub(super) new_chat_member: RawMember,
}

/// `ChatMember`.
#[derive(Deserialize)]
pub(super) struct RawMember {
    pub(super) user: RawUser,
    pub(super) status: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) is_member: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) can_send_messages: Option<bool>,
}

/// Reads a field of any type; `None` when it isn't the expected one.
fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(from)?).ok())
}

/// Reads a list, leaving out the items that aren't the expected type.
fn lenient_items<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Vec<T>, D::Error> {
    let Value::Array(items) = Value::deserialize(from)? else { return Ok(Vec::new()) };
    Ok(items.into_iter().filter_map(|item| serde_json::from_value(item).ok()).collect())
}
