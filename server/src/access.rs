//! Who may talk with a persona, and how much. Pure: who is blocked and how many answers there were are parameters.

use crate::chat::{ChatId, ChatKind, Message, Sender, SenderKind, TransportKind, UserId};
use crate::config::persona::{Access, GroupAccess, Persona, PrivateAccess};
use crate::trigger::Trigger;

/// Whether the owner had somebody ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocking {
    /// Answered like everybody.
    Welcome,
    /// Not answered.
    Blocked,
}

/// Whether a message may be answered at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Admitted,
    /// The persona doesn't talk with this person in private.
    PrivateClosed,
    /// The persona may not stay in this group: it says so once and leaves.
    GroupClosed,
    /// The owner blocked the sender.
    Blocked,
}

/// Whether this message, or this command, may be answered.
pub fn admit(persona: &Persona, message: &Message, former: Option<ChatId>, blocking: Blocking) -> Admission {
    // Who may sit in a room is the console's business.
    let lists_count = message.chat.transport == TransportKind::Telegram;
    if lists_count && message.chat_kind == ChatKind::Group && !may_stay(&persona.access, message.chat.id, former) {
        Admission::GroupClosed
    } else if is_owner(persona, &message.sender) {
        Admission::Admitted
    } else if message.chat_kind == ChatKind::Private && !talks_with(&persona.access, message.sender.id) {
        Admission::PrivateClosed
    } else if blocking == Blocking::Blocked {
        Admission::Blocked
    } else {
        Admission::Admitted
    }
}

/// Whether the persona may stay in this group, by its id or by the one it had before it became a supergroup.
pub fn may_stay(access: &Access, group: ChatId, former: Option<ChatId>) -> bool {
    match &access.groups {
        GroupAccess::Everyone => true,
        GroupAccess::Only(groups) => groups.contains(&group) || former.is_some_and(|former| groups.contains(&former)),
    }
}

fn talks_with(access: &Access, person: UserId) -> bool {
    match &access.private {
        PrivateAccess::Everyone => true,
        PrivateAccess::Nobody => false,
        PrivateAccess::Only(people) => people.contains(&person),
    }
}

fn is_owner(persona: &Persona, sender: &Sender) -> bool {
    sender.kind == SenderKind::Person && persona.owner == Some(sender.id)
}

/// Answers of the last hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastHour {
    /// To this person, in all chats.
    pub user: u64,
    /// In this chat, to everybody.
    pub chat: u64,
}

/// Which hourly cap is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cap {
    /// The person's.
    User,
    /// The chat's.
    Chat,
}

/// What the hourly caps make of a message that deserves an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// There are answers left.
    Left,
    /// There are none, and somebody who addressed the persona is told, at most once an hour.
    Spent(Cap),
    /// There are none, and nobody expects one.
    SpentSilently(Cap),
}

/// Whether one more answer fits the hourly caps.
pub fn allowance(access: &Access, last_hour: LastHour, trigger: Trigger) -> Allowance {
    let cap = if last_hour.user >= u64::from(access.per_user_hourly) {
        Cap::User
    } else if last_hour.chat >= u64::from(access.per_chat_hourly) {
        Cap::Chat
    } else {
        return Allowance::Left;
    };
    if trigger.is_directed() { Allowance::Spent(cap) } else { Allowance::SpentSilently(cap) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ANN, GROUP, OWNER, group, persona, private};

    fn admitted(persona: &Persona, message: &Message) -> Admission {
        admit(persona, message, None, Blocking::Welcome)
    }

    #[test]
    fn private_chats_open_by_list_and_always_to_the_owner() {
        let mut persona = persona();
        let (ann, mut owner) = (private("привет"), private("привет"));
        owner.sender.id = OWNER;
        assert_eq!(admitted(&persona, &ann), Admission::Admitted);
        for (access, expected) in [
            (PrivateAccess::Nobody, Admission::PrivateClosed),
            (PrivateAccess::Only(vec![UserId(5)]), Admission::PrivateClosed),
            (PrivateAccess::Only(vec![ANN]), Admission::Admitted),
        ] {
            persona.access.private = access;
            assert_eq!(admitted(&persona, &ann), expected);
            assert_eq!(admitted(&persona, &owner), Admission::Admitted);
            assert_eq!(admitted(&persona, &group("привет")), Admission::Admitted, "private rules are for private");
        }
    }

    #[test]
    fn a_closed_group_is_closed_to_the_owner_too() {
        let mut persona = persona();
        persona.access.groups = GroupAccess::Only(vec![ChatId(-5)]);
        let mut message = group("привет");
        assert_eq!(admitted(&persona, &message), Admission::GroupClosed);
        message.sender.id = OWNER;
        assert_eq!(admitted(&persona, &message), Admission::GroupClosed);
        persona.access.groups = GroupAccess::Only(vec![GROUP]);
        assert_eq!(admitted(&persona, &message), Admission::Admitted);
    }

    #[test]
    fn the_blocked_are_not_answered_but_for_the_owner() {
        let mut message = group("привет");
        assert_eq!(admit(&persona(), &message, None, Blocking::Blocked), Admission::Blocked);
        message.sender.id = OWNER;
        assert_eq!(admit(&persona(), &message, None, Blocking::Blocked), Admission::Admitted);
        message.sender.kind = SenderKind::Channel;
        assert_eq!(
            admit(&persona(), &message, None, Blocking::Blocked),
            Admission::Blocked,
            "a channel is nobody's owner"
        );
    }

    #[test]
    fn caps_are_told_to_those_who_asked() {
        let access = persona().access;
        let spent = |user, chat, trigger| allowance(&access, LastHour { user, chat }, trigger);
        assert_eq!(spent(9, 19, Trigger::Mention), Allowance::Left);
        assert_eq!(spent(10, 0, Trigger::Mention), Allowance::Spent(Cap::User));
        assert_eq!(spent(0, 20, Trigger::Private), Allowance::Spent(Cap::Chat));
        assert_eq!(spent(0, 20, Trigger::Insanity), Allowance::SpentSilently(Cap::Chat));
        assert_eq!(spent(10, 20, Trigger::Chance), Allowance::SpentSilently(Cap::User));
    }
}
