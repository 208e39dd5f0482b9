//! Commands by example.

use proptest::prelude::*;
use time::Duration;

use super::*;
use crate::chat::{EntityKind, MessageId, RepliedTo, Sender};
use crate::config::persona::{Persona, WhoMayToggle};
use crate::store::ChatSettings;
use crate::testing::{ANN, NOW, OWNER, group, marked, me, message, persona, private, sender, with_entity};

fn parsed(text: &str) -> Option<Parsed> {
    parse(&marked(group(text)), &me())
}

fn ours(text: &str) -> Command {
    match parsed(text) {
        Some(Parsed::Ours(command)) => command,
        other => panic!("{text}: {other:?}"),
    }
}

fn percent(value: u8) -> Percent {
    Percent::new(value).unwrap()
}

#[test]
fn every_command_and_alias() {
    for (text, command) in [
        ("/start", Command::Start),
        ("/start payload", Command::Start),
        ("/help", Command::Help),
        ("/HELP@Avtobus_BOT", Command::Help),
        ("/settings", Command::Settings),
        ("/reset", Command::Reset),
        ("/delete_history", Command::Reset),
        ("/insanity", Command::Insanity(None)),
        ("/context", Command::Context(None)),
        ("/context@avtobus_bot 50", Command::Context(Some(50))),
        ("/set_context_length 0", Command::Context(Some(0))),
        ("/chance", Command::Chance(None)),
        ("/chance 100", Command::Chance(Some(percent(100)))),
        ("/chance 5%", Command::Chance(Some(percent(5)))),
        ("/chance off", Command::Chance(Some(percent(0)))),
        ("/chance 1", Command::Chance(Some(percent(1)))),
        ("/quiet", Command::Quiet(1)),
        ("/quiet 168", Command::Quiet(168)),
        ("/quiet 2ч", Command::Quiet(2)),
        ("/quiet 1", Command::Quiet(1)),
        ("/quiet 0", Command::Quiet(0)),
        ("/quiet off", Command::Quiet(0)),
        ("/language", Command::Language(None)),
        ("/language RU", Command::Language(Some(Language::Ru))),
        ("/language en, please", Command::Language(Some(Language::En))),
    ] {
        assert_eq!(ours(text), command, "{text}");
    }
}

#[test]
fn toggles_in_many_words() {
    for word in ["on", "ON", "вкл", "Вкл.", "да", "1"] {
        assert_eq!(ours(&format!("/insanity {word}")), Command::Insanity(Some(Toggle::On)), "{word}");
    }
    for word in ["off", "выкл", "нет", "0", "off please"] {
        assert_eq!(ours(&format!("/insanity\n{word}")), Command::Insanity(Some(Toggle::Off)), "{word}");
    }
}

#[test]
fn bad_arguments_are_told_apart() {
    for (text, bad) in [
        ("/insanity maybe", BadArgument::Insanity),
        ("/context 51", BadArgument::Context),
        ("/context -1", BadArgument::Context),
        ("/context 99999999999999999999", BadArgument::Context),
        ("/context 4.5", BadArgument::Context),
        ("/chance 101", BadArgument::Chance),
        ("/chance часто", BadArgument::Chance),
        ("/quiet 169", BadArgument::Quiet),
        ("/quiet -1", BadArgument::Quiet),
        ("/language fr", BadArgument::Language),
        ("/block", BadArgument::Person),
        ("/unblock @somebody", BadArgument::Person),
        ("/block 7", BadArgument::Person),
    ] {
        assert_eq!(ours(text), Command::Bad(bad), "{text}");
    }
}

#[test]
fn people_are_named_by_id_mention_or_reply() {
    assert_eq!(ours("/block 555"), Command::Block(UserId(555)));
    assert_eq!(ours("/unblock -1005"), Command::Unblock(UserId(-1005)));
    let mentioned = with_entity(marked(group("/block Ann")), "Ann", EntityKind::UserMention(ANN));
    assert_eq!(parse(&mentioned, &me()), Some(Parsed::Ours(Command::Block(ANN))));
    let mut reply = marked(group("/block"));
    let to =
        |id| Some(RepliedTo { id: MessageId(1), sender: Some(person(id, SenderKind::Person)), text: String::new() });
    reply.reply_to = to(ANN);
    assert_eq!(parse(&reply, &me()), Some(Parsed::Ours(Command::Block(ANN))));
    reply.reply_to = to(me().id);
    assert_eq!(parse(&reply, &me()), Some(Parsed::Ours(Command::Bad(BadArgument::Person))));
}

#[test]
fn what_is_not_for_us_and_what_nobody_knows() {
    assert_eq!(parsed("/help@other_bot"), Some(Parsed::NotForUs));
    assert_eq!(parsed("/unknown@avtobus_bot2"), Some(Parsed::NotForUs));
    assert_eq!(parsed("/unknown@avtobus_bot"), Some(Parsed::Unknown(Addressee::Us)));
    assert_eq!(parsed("/unknown"), Some(Parsed::Unknown(Addressee::Anybody)));
    assert_eq!(parse(&marked(private("/unknown")), &me()), Some(Parsed::Unknown(Addressee::Us)));
}

#[test]
fn what_is_no_command() {
    assert_eq!(parsed("привет"), None);
    assert_eq!(parsed("скажи /help"), None);
    assert_eq!(parse(&group("/help"), &me()), None, "in code there is no entity");
    for kind in [SenderKind::Bot, SenderKind::AutomaticForward] {
        let mut message = marked(group("/help"));
        message.sender.kind = kind;
        assert_eq!(parse(&message, &me()), None, "{kind:?}");
    }
    let mut forwarded = marked(private("/reset"));
    forwarded.forwarded = true;
    assert_eq!(parse(&forwarded, &me()), None);
    assert_eq!(parse(&marked(message(ChatKind::Channel, "/help")), &me()), None);
}

fn person(id: UserId, kind: SenderKind) -> Sender {
    sender(id, kind)
}

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
        let sender = person(id, kind);
        assert_eq!(Needs::Nothing.of(&sender, None), Granted);
        assert_eq!(Needs::Admin.of(&sender, Some(OWNER)), admin, "{kind:?}");
        assert_eq!(Needs::Owner.of(&sender, Some(OWNER)), owner, "{kind:?}");
        assert_eq!(Needs::Owner.of(&sender, None), Denied);
    }
    assert_eq!(refusal(Needs::Nothing, Language::Ru), None);
    assert_ne!(refusal(Needs::Admin, Language::Ru), refusal(Needs::Owner, Language::Ru));
}

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
