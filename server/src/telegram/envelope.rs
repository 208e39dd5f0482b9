//! The outside of an update: its id, its chat, and which kinds come at all. Whichever way an update came, by polling or by
//! a webhook, it is opened here and read by [`super::update`] only after it was stored.

use super::update::{chat_of, update_id_of};
use crate::store::RawUpdate;

/// What we ask for; unset would keep whatever was asked for before.
pub const ALLOWED_UPDATES: [&str; 9] = [
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_message",
    "edited_business_message",
    "guest_message",
    "my_chat_member",
    "chat_member",
];

/// An update as the inbox keeps it; `None` where it has no id by which it could be kept.
pub fn open(raw: &str) -> Option<RawUpdate> {
    let update_id = update_id_of(raw)?;
    let chat = serde_json::from_str(raw).ok().as_ref().and_then(chat_of);
    Some(RawUpdate { update_id, chat, raw: raw.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::ChatId;

    #[test]
    fn what_has_an_id_is_kept_as_it_is() {
        let raw = r#"{"update_id":7, "message":{"chat":{"id":-1001}} }"#;
        assert_eq!(open(raw), Some(RawUpdate { update_id: 7, chat: Some(ChatId(-1001)), raw: raw.to_owned() }));
        assert_eq!(open(r#"{"update_id":8,"message":5}"#).unwrap().chat, None);
    }

    #[test]
    fn what_has_none_is_not() {
        for raw in ["", "{", "[]", "7", "{}", r#"{"update_id":"7"}"#, r#"{"update_id":7}{"update_id":8}"#] {
            assert_eq!(open(raw), None, "{raw}");
        }
    }
}
