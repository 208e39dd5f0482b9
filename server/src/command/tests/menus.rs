//! What clients offer.

use super::ours;
use crate::chat::Language;
use crate::command::*;
use crate::config::persona::WhoMayToggle;

#[test]
fn menus_hold_real_commands_that_telegram_accepts() {
    for language in [Language::Ru, Language::En] {
        for scope in [MenuScope::Private, MenuScope::Groups, MenuScope::Administrators] {
            let menu = menu(scope, WhoMayToggle::Admins, language);
            for (name, description) in &menu {
                assert!(matches!(ours(&format!("/{name}")), command if !matches!(command, Command::Bad(_))));
                assert!((1..=256).contains(&description.chars().count()), "{name}");
                assert!(name.len() <= 32 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
            }
            assert!(!menu.is_empty());
        }
    }
    let of = |scope, who| menu(scope, who, Language::Ru);
    assert_eq!(of(MenuScope::Groups, WhoMayToggle::Everyone), of(MenuScope::Administrators, WhoMayToggle::Admins));
    assert!(
        of(MenuScope::Groups, WhoMayToggle::Admins).len() < of(MenuScope::Administrators, WhoMayToggle::Admins).len()
    );
}
