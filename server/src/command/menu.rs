//! The commands that clients offer, per audience.

use crate::chat::Language;
use crate::config::persona::WhoMayToggle;
use crate::texts::{self, MenuEntry};

/// Who sees a menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MenuScope {
    /// People in private chats.
    Private,
    /// Everybody in groups.
    Groups,
    /// Administrators of groups.
    Administrators,
}

const PRIVATE: [MenuEntry; 5] =
    [MenuEntry::Help, MenuEntry::Reset, MenuEntry::Context, MenuEntry::Language, MenuEntry::Settings];
const MEMBERS: [MenuEntry; 2] = [MenuEntry::Help, MenuEntry::Settings];
const EVERYTHING: [MenuEntry; 8] = [
    MenuEntry::Help,
    MenuEntry::Settings,
    MenuEntry::Insanity,
    MenuEntry::Chance,
    MenuEntry::Quiet,
    MenuEntry::Reset,
    MenuEntry::Context,
    MenuEntry::Language,
];

/// Names and descriptions of the commands an audience may give.
pub fn menu(scope: MenuScope, who_may_toggle: WhoMayToggle, language: Language) -> Vec<(&'static str, &'static str)> {
    let entries: &[MenuEntry] = match (scope, who_may_toggle) {
        (MenuScope::Private, _) => &PRIVATE,
        (MenuScope::Groups, WhoMayToggle::Admins) => &MEMBERS,
        (MenuScope::Groups, WhoMayToggle::Everyone) | (MenuScope::Administrators, _) => &EVERYTHING,
    };
    let texts = texts::in_language(language);
    entries.iter().map(|entry| (entry.command(), texts.menu_entry(*entry))).collect()
}
