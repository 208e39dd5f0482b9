//! Who may give which command.

use super::Command;
use crate::chat::{ChatKind, Language, Sender, SenderKind, UserId};
use crate::config::persona::{Persona, WhoMayToggle};
use crate::texts;

/// What a command asks of the one who gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Anybody may.
    Nothing,
    /// Administrators of the group may.
    Admin,
    /// The persona's owner may, anywhere.
    Owner,
}

/// Whether somebody may give a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Yes.
    Granted,
    /// No.
    Denied,
    /// If they administer the group: the transport has to be asked.
    IfAdmin,
}

/// What this command needs in such a chat. Asking for the state needs nothing.
pub fn permission(command: &Command, kind: ChatKind, persona: &Persona) -> Needs {
    let changes_chat = match command {
        Command::Block(_) | Command::Unblock(_) => return Needs::Owner,
        Command::Insanity(value) => value.is_some(),
        Command::Context(value) => value.is_some(),
        Command::Chance(value) => value.is_some(),
        Command::Language(value) => value.is_some(),
        Command::Quiet(_) | Command::Reset => true,
        Command::Start | Command::Help | Command::Settings | Command::Bad(_) => false,
    };
    let for_admins = kind != ChatKind::Private && persona.who_may_toggle == WhoMayToggle::Admins;
    if changes_chat && for_admins { Needs::Admin } else { Needs::Nothing }
}

impl Needs {
    /// Whether this sender meets the need. Somebody who writes as a channel is never an administrator.
    pub fn of(self, sender: &Sender, owner: Option<UserId>) -> Permission {
        match (self, sender.kind) {
            (Self::Nothing, _) | (Self::Admin, SenderKind::AnonymousAdmin) => Permission::Granted,
            (Self::Admin, SenderKind::Person) => Permission::IfAdmin,
            (Self::Owner, SenderKind::Person) if owner == Some(sender.id) => Permission::Granted,
            (Self::Admin | Self::Owner, _) => Permission::Denied,
        }
    }
}

/// What is said to somebody who may not; `None` where everybody may.
pub fn refusal(needs: Needs, language: Language) -> Option<String> {
    let texts = texts::in_language(language);
    match needs {
        Needs::Nothing => None,
        Needs::Admin => Some(texts.admins_only()),
        Needs::Owner => Some(texts.owner_only()),
    }
}
