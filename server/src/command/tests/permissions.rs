//! Who may give which command.

use super::ours;
use crate::chat::{ChatKind, Language, SenderKind};
use crate::command::*;
use crate::config::persona::{Persona, WhoMayToggle};
use crate::testing::{ANN, OWNER, persona, sender};

fn everyone() -> Persona {
    Persona { who_may_toggle: WhoMayToggle::Everyone, ..persona() }
}

#[test]
fn changes_in_groups_need_an_administrator() {
    for text in
        ["/insanity on", "/context 3", "/chance 5", "/quiet", "/quiet 0", "/language en", "/reset", "/delete_history"]
    {
        let command = ours(text);
        assert_eq!(permission(&command, ChatKind::Group, &persona()), Needs::Admin, "{text}");
        assert_eq!(permission(&command, ChatKind::Group, &everyone()), Needs::Nothing, "{text}");
        assert_eq!(permission(&command, ChatKind::Private, &persona()), Needs::Nothing, "{text}");
    }
    for text in ["/start", "/help", "/settings", "/insanity", "/context", "/chance", "/language", "/context x"] {
        assert_eq!(permission(&ours(text), ChatKind::Group, &persona()), Needs::Nothing, "{text}");
    }
    for (text, kind) in [("/block 5", ChatKind::Group), ("/unblock 5", ChatKind::Private)] {
        assert_eq!(permission(&ours(text), kind, &everyone()), Needs::Owner, "{text}");
    }
}

#[test]
fn who_meets_which_need() {
    use Permission::{Denied, Granted, IfAdmin};
    for (kind, id, admin, owner) in [
        (SenderKind::Person, ANN, IfAdmin, Denied),
        (SenderKind::Person, OWNER, IfAdmin, Granted),
        (SenderKind::AnonymousAdmin, ANN, Granted, Denied),
        (SenderKind::Channel, OWNER, Denied, Denied),
        (SenderKind::Bot, OWNER, Denied, Denied),
    ] {
        let author = sender(id, kind);
        assert_eq!(Needs::Nothing.of(&author, None), Granted);
        assert_eq!(Needs::Admin.of(&author, Some(OWNER)), admin, "{kind:?}");
        assert_eq!(Needs::Owner.of(&author, Some(OWNER)), owner, "{kind:?}");
        assert_eq!(Needs::Owner.of(&author, None), Denied);
    }
    assert_eq!(refusal(Needs::Nothing, Language::Ru), None);
    assert_ne!(refusal(Needs::Admin, Language::Ru), refusal(Needs::Owner, Language::Ru));
}
