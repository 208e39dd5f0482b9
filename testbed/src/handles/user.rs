//! A person: writing, editing, deleting, blocking.

use std::sync::Arc;

use super::{Bot, Group, MessageBuilder};
use crate::{
    ids::{ChatKey, MessageRef, UserId},
    shared::Shared,
    world::chat::MemberStatus,
};

/// A registered person.
#[derive(Clone, Debug)]
pub struct User {
    pub(super) shared: Arc<Shared>,
    id: UserId,
}

impl User {
    pub(super) fn new(shared: &Arc<Shared>, id: UserId) -> Self {
        Self { shared: Arc::clone(shared), id }
    }

    /// The user id; also the id of the private chat with every bot.
    #[must_use]
    pub fn id(&self) -> UserId {
        self.id
    }

    /// Writes a plain text into a group. Who is no member becomes one, without a notice.
    pub fn writes(&self, group: &Group, text: &str) -> MessageRef {
        self.compose(group).text(text).send()
    }

    /// Writes a plain text to a bot in private. Whoever had blocked the bot unblocks it first.
    pub fn writes_private(&self, bot: &Bot, text: &str) -> MessageRef {
        self.compose_private(bot).text(text).send()
    }

    /// Answers a message where it is.
    pub fn replies(&self, to: MessageRef, text: &str) -> MessageRef {
        MessageBuilder::new(&self.shared, self.id, to.key).text(text).reply_to(to).send()
    }

    /// Begins a message to a group with everything that a message may have.
    #[must_use = "send() sends it"]
    pub fn compose(&self, group: &Group) -> MessageBuilder {
        MessageBuilder::new(&self.shared, self.id, group.key())
    }

    /// Begins a private message.
    #[must_use = "send() sends it"]
    pub fn compose_private(&self, bot: &Bot) -> MessageBuilder {
        MessageBuilder::new(&self.shared, self.id, ChatKey::Private { user: self.id, bot: bot.id() })
    }

    /// Changes the text, or caption, of a message. Whose it is is not checked.
    pub fn edits(&self, message: MessageRef, text: &str) {
        self.shared.change(|world| world.edit(message.key, message.message_id, text));
    }

    /// Deletes a message, of which bots are never told.
    pub fn deletes(&self, message: MessageRef) {
        self.shared.change(|world| world.delete(message.key, message.message_id));
    }

    /// Opens the private chat without a word, so that the bot may write first.
    pub fn opens_chat(&self, bot: &Bot) {
        let key = ChatKey::Private { user: self.id, bot: bot.id() };
        self.shared.change(|world| {
            world.chat_mut(key);
        });
    }

    /// Blocks a bot: `my_chat_member`, then 403 for whatever the bot sends.
    pub fn blocks(&self, bot: &Bot) {
        self.shared.change(|world| world.set_blocked(self.id, bot.id(), MemberStatus::Kicked));
    }

    /// Takes that back.
    pub fn unblocks(&self, bot: &Bot) {
        self.shared.change(|world| world.set_blocked(self.id, bot.id(), MemberStatus::Member));
    }
}
