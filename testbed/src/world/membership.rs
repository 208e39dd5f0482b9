//! Coming, going, being promoted, blocking: what changes and which updates tell of it.

use serde_json::{Value, json};

use super::{
    World,
    chat::{Member, MemberStatus},
    message::{Content, Draft, Sender},
};
use crate::{
    ids::{ChatKey, UserId},
    spec::Privacy,
};

/// How visible a change is in the chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// A service message says it.
    Service,
    /// Only `chat_member` and `my_chat_member` updates tell.
    Silent,
}

/// Somebody's standing as it is to be.
pub(crate) struct Change {
    pub(crate) who: UserId,
    pub(crate) by: UserId,
    pub(crate) to: MemberStatus,
    pub(crate) notice: Notice,
}

impl World {
    /// Changes somebody's standing in a group or channel and tells everyone concerned.
    pub(crate) fn change_membership(&mut self, key: ChatKey, change: &Change) {
        let from = self.chat_mut(key).status(change.who);
        if from == change.to {
            return;
        }
        self.set_standing(key, change.who, change.to);
        let report = self.membership_json(key, change, from);
        match self.bots.contains_key(&change.who) {
            true => self.deliver_own_membership(change.who, key, &report),
            false => self.deliver_membership(key, change.who, &report),
        }
        if change.notice == Notice::Service {
            self.announce(key, change, from);
        }
    }

    fn set_standing(&mut self, key: ChatKey, who: UserId, status: MemberStatus) {
        let at_joining = self.bots.get(&who).map_or(Privacy::On, |bot| bot.spec.privacy);
        let chat = self.chat_mut(key);
        let member = chat.members.entry(who).or_insert(Member { status: MemberStatus::Left, privacy: at_joining });
        if !member.status.is_present() {
            member.privacy = at_joining;
        }
        member.status = status;
        if !status.is_present() && chat.last_bot == Some(who) {
            chat.last_bot = None;
        }
    }

    fn membership_json(&self, key: ChatKey, change: &Change, from: MemberStatus) -> Value {
        json!({
            "chat": self.chat_json(key),
            "from": self.user_json(change.by),
            "date": self.now(),
            "old_chat_member": self.member_json(change.who, from),
            "new_chat_member": self.member_json(change.who, change.to),
        })
    }

    fn announce(&mut self, key: ChatKey, change: &Change, from: MemberStatus) {
        let user = self.user_json(change.who);
        let mut draft = match (from.is_present(), change.to.is_present()) {
            (false, true) => Draft::service(change.by, "new_chat_members", json!([user])),
            (true, false) => Draft::service(change.by, "left_chat_member", user),
            _ => return,
        };
        if self.bots.contains_key(&change.by) {
            draft.sender = Sender::Bot(change.by);
        }
        draft.content = Content::Service;
        self.post(key, draft);
    }

    /// A person blocks a bot, or takes that back.
    pub(crate) fn set_blocked(&mut self, user: UserId, bot: UserId, to: MemberStatus) {
        let blocked_by = &mut self.bot_mut(bot).blocked_by;
        let changed = if to == MemberStatus::Kicked { blocked_by.insert(user) } else { blocked_by.remove(&user) };
        if !changed {
            return;
        }
        let key = ChatKey::Private { user, bot };
        self.chat_mut(key);
        let from = if to == MemberStatus::Kicked { MemberStatus::Member } else { MemberStatus::Kicked };
        let change = Change { who: bot, by: user, to, notice: Notice::Silent };
        let report = self.membership_json(key, &change, from);
        self.deliver_own_membership(bot, key, &report);
    }
}
