//! Asking about chats and their members, and leaving them.

use serde_json::{Value, json};

use super::{Answer, access};
use crate::{
    error::ApiError,
    ids::{ChatKey, UserId},
    params::Params,
    world::{
        World,
        chat::{ChatKind, MemberStatus},
        membership::{Change, Notice},
    },
};

pub(super) fn get_chat(world: &mut World, bot: UserId, params: &Params) -> Answer {
    let key = access::chat(world, bot, params)?;
    let mut chat = world.chat_json(key);
    chat["accent_color_id"] = 0.into();
    chat["max_reaction_count"] = 11.into();
    chat["accepted_gift_types"] = json!({
        "unlimited_gifts": false, "limited_gifts": false, "unique_gifts": false, "premium_subscription": false,
        "gifts_from_channels": false,
    });
    if world.chat_mut(key).kind.is_group() {
        chat["permissions"] = permissions();
    }
    Ok(chat)
}

fn permissions() -> Value {
    json!({
        "can_send_messages": true, "can_send_audios": true, "can_send_documents": true, "can_send_photos": true,
        "can_send_videos": true, "can_send_video_notes": true, "can_send_voice_notes": true, "can_send_polls": true,
        "can_send_other_messages": true, "can_add_web_page_previews": true, "can_change_info": false,
        "can_invite_users": true, "can_pin_messages": false, "can_manage_topics": false,
    })
}

pub(super) fn get_chat_member(world: &mut World, bot: UserId, params: &Params) -> Answer {
    let key = access::chat(world, bot, params)?;
    let user = params.integer("user_id").map(UserId).ok_or_else(|| ApiError::bad("invalid user_id specified"))?;
    if !world.people.contains_key(&user) && !world.bots.contains_key(&user) {
        return Err(ApiError::bad("user not found"));
    }
    let status = match key {
        ChatKey::Private { .. } => MemberStatus::Member,
        ChatKey::Shared(_) => world.chat_mut(key).status(user),
    };
    Ok(world.member_json(user, status))
}

pub(super) fn get_chat_member_count(world: &mut World, bot: UserId, params: &Params) -> Answer {
    let key = access::chat(world, bot, params)?;
    let chat = world.chat_mut(key);
    let present = chat.members.values().filter(|member| member.status.is_present()).count();
    Ok(json!(if chat.kind == ChatKind::Private { 2 } else { present }))
}

/// Bots are left out, but for the one that asks.
pub(super) fn get_chat_administrators(world: &mut World, bot: UserId, params: &Params) -> Answer {
    let key = access::chat(world, bot, params)?;
    let chat = world.chat_mut(key);
    if chat.kind == ChatKind::Private {
        return Err(ApiError::bad("there are no administrators in the private chat"));
    }
    let admins: Vec<(UserId, MemberStatus)> = chat
        .members
        .iter()
        .filter(|(_, member)| member.status.is_admin())
        .map(|(id, member)| (*id, member.status))
        .collect();
    let shown = admins.into_iter().filter(|(id, _)| *id == bot || !world.bots.contains_key(id));
    Ok(shown.map(|(id, status)| world.member_json(id, status)).collect())
}

pub(super) fn leave_chat(world: &mut World, bot: UserId, params: &Params) -> Answer {
    let key = access::chat(world, bot, params)?;
    if matches!(key, ChatKey::Private { .. }) {
        return Err(ApiError::bad("chat member status can't be changed in private chats"));
    }
    world.change_membership(key, &Change { who: bot, by: bot, to: MemberStatus::Left, notice: Notice::Service });
    Ok(Value::Bool(true))
}
