//! What commands change and answer.

use proptest::prelude::*;
use time::Duration;

use super::{ours, parsed, percent};
use crate::chat::{ChatKind, Language, UserId};
use crate::command::*;
use crate::store::ChatSettings;
use crate::testing::{NOW, me, persona};

/// What a command does in a chat with these settings.
fn executed(text: &str, kind: ChatKind, own: Option<&ChatSettings>, hearing: Hearing) -> Executed {
    let persona = persona();
    execute(&ours(text), &Scene { persona: &persona, kind, own, hearing, now: NOW, language: Language::Ru })
}

fn in_group(text: &str) -> Executed {
    executed(text, ChatKind::Group, None, Hearing::Everything)
}

fn set(executed: Executed) -> ChatSettings {
    match executed.change {
        Some(Change::Settings(settings)) => settings,
        other => panic!("{other:?}"),
    }
}

#[test]
fn settings_change_one_at_a_time() {
    let own = ChatSettings { chance: Some(0.5), told_off: true, ..ChatSettings::default() };
    let change = |text| set(executed(text, ChatKind::Group, Some(&own), Hearing::Everything));
    assert_eq!(change("/insanity on"), ChatSettings { insanity: Some(true), ..own.clone() });
    assert_eq!(change("/insanity off"), ChatSettings { insanity: Some(false), ..own.clone() });
    assert_eq!(change("/context 0"), ChatSettings { context_length: Some(0), ..own.clone() });
    assert_eq!(change("/chance 25"), ChatSettings { chance: Some(0.25), ..own.clone() });
    assert_eq!(change("/language en"), ChatSettings { language: Some(Language::En), ..own.clone() });
    let until = NOW + Duration::hours(3);
    assert_eq!(change("/quiet 3"), ChatSettings { quiet_until: Some(until), ..own.clone() });
    assert_eq!(change("/quiet off"), own.clone());
}

#[test]
fn questions_and_mistakes_change_nothing() {
    let texts =
        ["/start", "/help", "/settings", "/insanity", "/context", "/chance", "/language", "/context 51", "/block"];
    for text in texts {
        let executed = in_group(text);
        assert_eq!(executed.change, None, "{text}");
        assert!(!executed.answer.is_empty(), "{text}");
    }
}

#[test]
fn the_state_is_told() {
    let own = ChatSettings { context_length: Some(17), chance: Some(0.07), ..ChatSettings::default() };
    let told = |text| executed(text, ChatKind::Group, Some(&own), Hearing::Everything).answer;
    assert!(told("/context").contains("17"));
    assert!(told("/chance").contains("7 %"));
    assert!(told("/insanity").contains("выключено"));
    let quiet = ChatSettings { quiet_until: Some(NOW + Duration::minutes(90)), insanity: Some(true), ..own.clone() };
    let settings = executed("/settings", ChatKind::Group, Some(&quiet), Hearing::Everything).answer;
    for part in ["включено", "7 %", "1 ч 30 мин", "17", "как у собеседника"] {
        assert!(settings.contains(part), "{part}: {settings}");
    }
}

#[test]
fn a_blind_persona_says_so_with_the_mend() {
    let blind = |text| executed(text, ChatKind::Group, None, Hearing::AddressedOnly);
    for text in ["/insanity on", "/chance 5"] {
        let executed = blind(text);
        assert!(executed.change.is_some(), "{text}");
        for part in ["/setprivacy", "Disable", "администратором"] {
            assert!(executed.answer.contains(part), "{text}: {}", executed.answer);
        }
        assert!(!in_group(text).answer.contains("/setprivacy"));
    }
    for text in ["/insanity off", "/insanity", "/chance 0", "/context 5"] {
        assert!(!blind(text).answer.contains("/setprivacy"), "{text}");
    }
    let mut me = me();
    assert_eq!(Hearing::of(&me, false), Hearing::Everything);
    me.can_read_all_group_messages = false;
    assert_eq!(Hearing::of(&me, false), Hearing::AddressedOnly);
    assert_eq!(Hearing::of(&me, true), Hearing::Everything);
}

#[test]
fn group_settings_explain_themselves_in_private() {
    for text in ["/insanity", "/insanity on", "/chance 5", "/quiet"] {
        let executed = executed(text, ChatKind::Private, None, Hearing::Everything);
        assert_eq!(executed.change, None, "{text}");
        assert!(executed.answer.contains("Здесь я"), "{text}: {}", executed.answer);
    }
    assert_eq!(set(executed("/context 9", ChatKind::Private, None, Hearing::Everything)).context_length, Some(9));
}

#[test]
fn the_answer_to_a_language_is_in_it() {
    assert!(in_group("/language en").answer.contains("I speak English"));
    assert!(in_group("/language").answer.contains("по-русски"));
}

#[test]
fn resets_and_blocks() {
    assert_eq!(in_group("/reset").change, Some(Change::Reset));
    assert_eq!(in_group("/block 5").change, Some(Change::Block(UserId(5))));
    assert_eq!(in_group("/unblock 5").change, Some(Change::Unblock(UserId(5))));
    assert_eq!(in_group("/block 1").change, None, "the owner can't block themselves");
}

proptest! {
    #[test]
    fn any_argument_is_read_or_refused(
        name in "insanity|context|chance|quiet|language|block|unblock|reset|settings|[a-z_]{1,8}",
        argument in ".{0,12}",
    ) {
        let Some(Parsed::Ours(command)) = parsed(&format!("/{name} {argument}")) else { return Ok(()) };
        let persona = persona();
        let scene = Scene {
            persona: &persona, kind: ChatKind::Group, own: None, hearing: Hearing::Everything, now: NOW,
            language: Language::En,
        };
        prop_assert!(!execute(&command, &scene).answer.is_empty());
    }

    #[test]
    fn percentages_survive_the_store(value in 0_u8..=100) {
        prop_assert_eq!(Percent::of_chance(percent(value).chance()).value(), value);
    }
}
