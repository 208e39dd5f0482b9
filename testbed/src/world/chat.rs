//! Chats: their kinds, members and messages, and how the Bot API describes them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{World, message::ChatMessage};
use crate::{
    ids::{ChatId, ChatKey, MessageId, UserId},
    spec::{Numbering, Privacy},
};

/// More messages than any test writes in one chat. Telegram's ids have 31 bits.
const MESSAGES_OF_A_CHAT: i64 = 1_000_000;

/// What sort of chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChatKind {
    /// One person and one bot.
    Private,
    /// A basic group.
    Group,
    /// A supergroup.
    Supergroup,
    /// A supergroup with topics.
    Forum,
    /// A channel.
    Channel,
}

impl ChatKind {
    pub(crate) fn wire_name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Group => "group",
            Self::Supergroup | Self::Forum => "supergroup",
            Self::Channel => "channel",
        }
    }

    pub(crate) fn is_group(self) -> bool {
        matches!(self, Self::Group | Self::Supergroup | Self::Forum)
    }
}

/// A chat with everything in it.
#[derive(Debug)]
pub(crate) struct Chat {
    pub(crate) key: ChatKey,
    pub(crate) kind: ChatKind,
    pub(crate) title: String,
    pub(crate) members: BTreeMap<UserId, Member>,
    pub(crate) messages: BTreeMap<MessageId, ChatMessage>,
    pub(crate) last_message: MessageId,
    pub(crate) migrated_to: Option<ChatId>,
    /// The bot that wrote last: unaddressed commands go to it.
    pub(crate) last_bot: Option<UserId>,
}

/// Someone's place in a chat.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    pub(crate) status: MemberStatus,
    /// A bot's privacy mode as it was when the bot came: switching it takes a new joining.
    pub(crate) privacy: Privacy,
}

/// Someone's standing in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberStatus {
    /// Made the group.
    Creator,
    /// Runs the group.
    Administrator,
    /// Is there.
    Member,
    /// Is not there, or went.
    Left,
    /// Was thrown out.
    Kicked,
}

impl MemberStatus {
    pub(crate) fn is_present(self) -> bool {
        matches!(self, Self::Creator | Self::Administrator | Self::Member)
    }

    pub(crate) fn is_admin(self) -> bool {
        matches!(self, Self::Creator | Self::Administrator)
    }
}

impl Chat {
    /// A chat without messages, the first of which follows `last_message`.
    pub(crate) fn new(key: ChatKey, kind: ChatKind, title: &str, last_message: MessageId) -> Self {
        Self {
            key,
            kind,
            title: title.to_owned(),
            members: BTreeMap::new(),
            messages: BTreeMap::new(),
            last_message,
            migrated_to: None,
            last_bot: None,
        }
    }

    pub(crate) fn status(&self, user: UserId) -> MemberStatus {
        self.members.get(&user).map_or(MemberStatus::Left, |member| member.status)
    }

    pub(crate) fn next_message_id(&mut self) -> MessageId {
        self.last_message.0 += 1;
        self.last_message
    }
}

impl World {
    pub(crate) fn add_chat(&mut self, kind: ChatKind, title: &str) -> ChatId {
        let id = self.next_chat_id(kind);
        let key = ChatKey::Shared(id);
        let mut chat = Chat::new(key, kind, title, self.before_first_message());
        let owner = self.add_person(crate::spec::UserSpec::new("Владелец"));
        chat.members.insert(owner, Member { status: MemberStatus::Creator, privacy: Privacy::On });
        self.chats.insert(key, chat);
        id
    }

    /// The chat; a private one comes into being when it is first looked at.
    pub(crate) fn chat_mut(&mut self, key: ChatKey) -> &mut Chat {
        let before = self.before_first_message();
        self.chats.entry(key).or_insert_with(|| Chat::new(key, ChatKind::Private, "", before))
    }

    /// The number before that of a new chat's first message.
    pub(crate) fn before_first_message(&self) -> MessageId {
        match self.numbering {
            Numbering::PerChat => MessageId(0),
            Numbering::Apart => MessageId(MESSAGES_OF_A_CHAT * i64::try_from(self.chats.len()).unwrap_or(0)),
        }
    }

    pub(crate) fn chat(&self, key: ChatKey) -> Option<&Chat> {
        self.chats.get(&key)
    }

    pub(crate) fn owner_of(&self, key: ChatKey) -> Option<UserId> {
        let members = &self.chat(key)?.members;
        members.iter().find(|(_, member)| member.status == MemberStatus::Creator).map(|(id, _)| *id)
    }

    pub(crate) fn chat_json(&self, key: ChatKey) -> Value {
        match key {
            ChatKey::Private { user, .. } => self.private_chat_json(user),
            ChatKey::Shared(id) => self.shared_chat_json(id),
        }
    }

    fn private_chat_json(&self, user: UserId) -> Value {
        let person = self.user_json(user);
        let mut chat = json!({ "id": user, "type": "private", "first_name": person["first_name"] });
        if let Some(username) = person.get("username") {
            chat["username"] = username.clone();
        }
        chat
    }

    fn shared_chat_json(&self, id: ChatId) -> Value {
        let Some(chat) = self.chat(ChatKey::Shared(id)) else {
            return json!({ "id": id, "type": "supergroup" });
        };
        let mut json = json!({ "id": id, "type": chat.kind.wire_name(), "title": chat.title });
        match chat.kind {
            ChatKind::Forum => json["is_forum"] = true.into(),
            ChatKind::Group => json["all_members_are_administrators"] = false.into(),
            _ => {}
        }
        json
    }

    /// The `ChatMember` object.
    pub(crate) fn member_json(&self, user: UserId, status: MemberStatus) -> Value {
        let user = self.user_json(user);
        match status {
            MemberStatus::Creator => {
                json!({ "user": user, "status": "creator", "is_anonymous": false })
            }
            MemberStatus::Administrator => administrator_json(&user),
            MemberStatus::Member => json!({ "user": user, "status": "member" }),
            MemberStatus::Left => json!({ "user": user, "status": "left" }),
            MemberStatus::Kicked => json!({ "user": user, "status": "kicked", "until_date": 0 }),
        }
    }
}

fn administrator_json(user: &Value) -> Value {
    json!({
        "user": user,
        "status": "administrator",
        "can_be_edited": false,
        "is_anonymous": false,
        "can_manage_chat": true,
        "can_delete_messages": true,
        "can_manage_video_chats": true,
        "can_restrict_members": true,
        "can_promote_members": false,
        "can_change_info": true,
        "can_invite_users": true,
        "can_post_stories": true,
        "can_edit_stories": true,
        "can_delete_stories": true,
        "can_pin_messages": true,
        "can_manage_topics": true,
    })
}
