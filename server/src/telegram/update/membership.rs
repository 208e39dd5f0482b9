//! Changes of who is in a chat, and with which rights.

use super::ReadError;
use super::raw::{RawMember, RawMemberUpdate};
use super::sender::{chat_kind, nameless, person, title};
use crate::chat::{ChatId, UserId};
use crate::incoming::{Incoming, MyMembership, Standing};

/// Reads `my_chat_member`.
pub(super) fn mine(raw: RawMemberUpdate) -> Result<MyMembership, ReadError> {
    Ok(MyMembership {
        chat: ChatId(raw.chat.id),
        chat_kind: chat_kind(&raw.chat),
        chat_title: title(&raw.chat),
        by: raw.from.as_ref().map_or_else(|| nameless(&raw.chat), person),
        standing: standing(raw.new_chat_member)?,
    })
}

/// Reads `chat_member`.
pub(super) fn others(raw: &RawMemberUpdate) -> Incoming {
    Incoming::MembersChanged { chat: ChatId(raw.chat.id), user: UserId(raw.new_chat_member.user.id) }
}

fn standing(member: RawMember) -> Result<Standing, ReadError> {
    match member.status.as_str() {
        "creator" | "administrator" => Ok(Standing::Administrator),
        "member" => Ok(Standing::Member),
        "restricted" if member.is_member == Some(false) => Ok(Standing::Gone),
        "restricted" if member.can_send_messages == Some(false) => Ok(Standing::Muted),
        "restricted" => Ok(Standing::Member),
        "left" | "kicked" => Ok(Standing::Gone),
        _ => Err(ReadError::Status),
    }
}
