//! A basic group becomes a supergroup: a new id, members taken along, a service message on either side.

use serde_json::json;

use super::{
    World,
    chat::{Chat, ChatKind},
    message::{Content, Draft, Sender},
};
use crate::ids::{ChatId, ChatKey};

impl World {
    /// The supergroup that the group now is; the same one if it was moved before.
    pub(crate) fn migrate(&mut self, old: ChatId) -> ChatId {
        let old_key = ChatKey::Shared(old);
        if let Some(moved) = self.chat(old_key).and_then(|chat| chat.migrated_to) {
            return moved;
        }
        let owner = self.owner_of(old_key).unwrap_or(super::people::TELEGRAM);
        let new = self.copy_as_supergroup(old_key);
        self.post(old_key, Draft::service(owner, "migrate_to_chat_id", json!(new)));
        let mut arrival = Draft::service(owner, "migrate_from_chat_id", json!(old));
        // The real server shows this one as written by the group itself.
        arrival.sender = Sender::AnonymousAdmin;
        arrival.content = Content::Service;
        self.post(ChatKey::Shared(new), arrival);
        self.chat_mut(old_key).migrated_to = Some(new);
        new
    }

    fn copy_as_supergroup(&mut self, old: ChatKey) -> ChatId {
        let id = self.next_chat_id(ChatKind::Supergroup);
        let before = self.before_first_message();
        let source = self.chat_mut(old);
        let mut chat = Chat::new(ChatKey::Shared(id), ChatKind::Supergroup, &source.title, before);
        chat.members.clone_from(&source.members);
        chat.last_bot = source.last_bot;
        self.chats.insert(chat.key, chat);
        id
    }
}
