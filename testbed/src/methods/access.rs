//! Whether a bot may touch a chat at all, and the exact refusal if not.

use crate::{
    error::ApiError,
    ids::{ChatId, ChatKey, UserId},
    params::Params,
    world::{World, chat::MemberStatus},
};

/// The chat of a call's `chat_id`, if the bot may write there.
pub(super) fn chat(world: &World, bot: UserId, params: &Params) -> Result<ChatKey, ApiError> {
    if params.0.get("chat_id").is_none_or(|value| value.is_null() || value == "") {
        return Err(ApiError::bad("chat_id is empty"));
    }
    let id = params.chat_id().ok_or_else(|| ApiError::bad("chat not found"))?;
    if id.0 > 0 { private(world, bot, UserId(id.0)) } else { shared(world, bot, id) }
}

fn private(world: &World, bot: UserId, user: UserId) -> Result<ChatKey, ApiError> {
    if world.bots.contains_key(&user) {
        return Err(ApiError::Forbidden("bot can't send messages to bots".to_owned()));
    }
    if !world.people.contains_key(&user) {
        return Err(ApiError::bad("chat not found"));
    }
    if world.bot(bot).blocked_by.contains(&user) {
        return Err(ApiError::Forbidden("bot was blocked by the user".to_owned()));
    }
    let key = ChatKey::Private { user, bot };
    if world.chat(key).is_none() {
        return Err(ApiError::Forbidden("bot can't initiate conversation with a user".to_owned()));
    }
    Ok(key)
}

fn shared(world: &World, bot: UserId, id: ChatId) -> Result<ChatKey, ApiError> {
    let key = ChatKey::Shared(id);
    let chat = world.chat(key).ok_or_else(|| ApiError::bad("chat not found"))?;
    let Some(member) = chat.members.get(&bot) else {
        // A group that the bot never saw does not exist for it.
        return Err(ApiError::bad("chat not found"));
    };
    if let Some(to) = chat.migrated_to {
        return Err(ApiError::Migrated { to });
    }
    let kind = chat.kind.wire_name();
    match member.status {
        MemberStatus::Kicked => Err(ApiError::Forbidden(format!("bot was kicked from the {kind} chat"))),
        MemberStatus::Left => Err(ApiError::Forbidden(format!("bot is not a member of the {kind} chat"))),
        _ => Ok(key),
    }
}
