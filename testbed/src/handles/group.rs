//! Groups and channels: members, administrators, topics, transcripts; private chats as far as reading goes.

use std::sync::Arc;

use serde_json::{Map, json};

use super::{Bot, User};
use crate::{
    ids::{ChatId, ChatKey, MessageRef, ThreadId, UserId},
    shared::Shared,
    world::{
        World,
        chat::MemberStatus,
        membership::{Change, Notice},
        message::{ChatMessage, Content, Draft, Sender, text_body},
    },
};

/// A group, supergroup, forum or channel.
#[derive(Clone, Debug)]
pub struct Group {
    pub(super) shared: Arc<Shared>,
    id: ChatId,
}

impl Group {
    pub(super) fn new(shared: &Arc<Shared>, id: ChatId) -> Self {
        Self { shared: Arc::clone(shared), id }
    }

    /// The chat's id.
    #[must_use]
    pub fn id(&self) -> ChatId {
        self.id
    }

    pub(super) fn key(&self) -> ChatKey {
        ChatKey::Shared(self.id)
    }

    fn set(&self, who: UserId, by: Option<UserId>, to: MemberStatus) {
        let key = self.key();
        self.shared.change(|world| {
            let by = by.unwrap_or_else(|| owner(world, key));
            world.change_membership(key, &Change { who, by, to, notice: Notice::Service });
        });
    }

    /// A person comes, with a service message.
    pub fn join(&self, user: &User) {
        self.set(user.id(), Some(user.id()), MemberStatus::Member);
    }

    /// A person goes.
    pub fn leave(&self, user: &User) {
        self.set(user.id(), Some(user.id()), MemberStatus::Left);
    }

    /// A person is thrown out by the creator.
    pub fn kick(&self, user: &User) {
        self.set(user.id(), None, MemberStatus::Kicked);
    }

    /// The creator makes a person an administrator.
    pub fn promote(&self, user: &User) {
        self.set(user.id(), None, MemberStatus::Administrator);
    }

    /// The creator takes that back.
    pub fn demote(&self, user: &User) {
        self.set(user.id(), None, MemberStatus::Member);
    }

    /// A person adds a bot: `my_chat_member`, then the service message `new_chat_members`.
    pub fn add_bot(&self, bot: &Bot, by: &User) {
        self.set(by.id(), Some(by.id()), self.at_least_member(by.id()));
        self.set(bot.id(), Some(by.id()), MemberStatus::Member);
    }

    /// A person removes a bot.
    pub fn remove_bot(&self, bot: &Bot, by: &User) {
        self.set(bot.id(), Some(by.id()), MemberStatus::Kicked);
    }

    /// The creator makes a bot an administrator: it sees everything from now on.
    pub fn promote_bot(&self, bot: &Bot) {
        self.set(bot.id(), None, MemberStatus::Administrator);
    }

    /// The creator takes that back.
    pub fn demote_bot(&self, bot: &Bot) {
        self.set(bot.id(), None, MemberStatus::Member);
    }

    /// How somebody stands here.
    #[must_use]
    pub fn status(&self, who: UserId) -> MemberStatus {
        self.shared.look(|world| world.chat(self.key()).map_or(MemberStatus::Left, |chat| chat.status(who)))
    }

    // Whoever adds a bot is a member; a group made for a test need not bother to say so.
    fn at_least_member(&self, user: UserId) -> MemberStatus {
        match self.status(user) {
            present if present.is_present() => present,
            _ => MemberStatus::Member,
        }
    }

    /// The creator opens a topic.
    pub fn add_topic(&self, name: &str) -> ThreadId {
        let key = self.key();
        self.shared.change(|world| {
            let by = owner(world, key);
            // The opening message is itself the first of the topic that it opens.
            let thread = ThreadId(world.chat_mut(key).last_message.0 + 1);
            let opening = json!({ "name": name, "icon_color": 7_322_096 });
            let mut draft = Draft::service(by, "forum_topic_created", opening);
            draft.thread = Some(thread);
            world.post(key, draft);
            thread
        })
    }

    /// The channel posts; for channels only.
    pub fn posts(&self, text: &str) -> MessageRef {
        let draft = Draft::new(Sender::ChannelPost, Content::Written, text_body(text));
        let id = self.shared.change(|world| world.post(self.key(), draft));
        self.key().message(id)
    }

    /// A service message of the creator's with this one field, `{"pinned_message": …}` for instance.
    pub fn service(&self, field: &str, value: serde_json::Value) -> MessageRef {
        let key = self.key();
        let id = self.shared.change(|world| {
            let body = Map::from_iter([(field.to_owned(), value)]);
            let draft = Draft::new(Sender::User(owner(world, key)), Content::Service, body);
            world.post(key, draft)
        });
        key.message(id)
    }

    /// Everything that was said, deleted messages included.
    #[must_use]
    pub fn messages(&self) -> Vec<ChatMessage> {
        transcript(&self.shared, self.key())
    }
}

/// The private chat of a person and a bot, for reading.
#[derive(Clone, Debug)]
pub struct PrivateChat {
    shared: Arc<Shared>,
    key: ChatKey,
}

impl PrivateChat {
    pub(super) fn new(shared: &Arc<Shared>, user: UserId, bot: UserId) -> Self {
        Self { shared: Arc::clone(shared), key: ChatKey::Private { user, bot } }
    }

    /// The user's id: the same for every bot.
    #[must_use]
    pub fn id(&self) -> ChatId {
        self.key.chat_id()
    }

    /// Everything that was said, deleted messages included.
    #[must_use]
    pub fn messages(&self) -> Vec<ChatMessage> {
        transcript(&self.shared, self.key)
    }
}

fn transcript(shared: &Shared, key: ChatKey) -> Vec<ChatMessage> {
    shared.look(|world| world.chat(key).map(|chat| chat.messages.values().cloned().collect()).unwrap_or_default())
}

fn owner(world: &World, key: ChatKey) -> UserId {
    world.owner_of(key).expect("every group is made with a creator, who never leaves")
}
