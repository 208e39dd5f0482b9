//! The texts' choice of language, and their rules of thumb.

use super::*;
use crate::testing::persona;

#[test]
fn russian_by_default_english_by_the_persons_client() {
    for (code, language) in [
        (None, Language::Ru),
        (Some(""), Language::Ru),
        (Some("ru"), Language::Ru),
        (Some("uk"), Language::Ru),
        (Some("en"), Language::En),
        (Some("en-US"), Language::En),
        (Some("EN"), Language::En),
        (Some("enm"), Language::Ru),
        (Some("de"), Language::Ru),
    ] {
        assert_eq!(choose(None, code), language, "{code:?}");
    }
    assert_eq!(choose(Some(Language::Ru), Some("en")), Language::Ru);
    assert_eq!(choose(Some(Language::En), Some("ru")), Language::En);
}

#[test]
fn greetings_name_the_persona_and_how_to_call_it() {
    for language in [Language::Ru, Language::En] {
        let texts = in_language(language);
        for text in [
            texts.start(&persona(), ChatKind::Private),
            texts.start(&persona(), ChatKind::Group),
            texts.help(&persona(), ChatKind::Private),
            texts.help(&persona(), ChatKind::Group),
        ] {
            assert!(text.contains("Автобус"), "{text}");
        }
        let mut nameless = persona();
        nameless.triggers.names.clear();
        assert!(!texts.help(&nameless, ChatKind::Group).contains('!'), "no example without a name");
        assert!(texts.help(&persona(), ChatKind::Group).contains("/insanity on|off"));
        assert!(!texts.help(&persona(), ChatKind::Private).contains("/insanity"));
    }
}

#[test]
fn texts_in_both_languages_are_different_and_short() {
    let all = |language| {
        let texts = in_language(language);
        let mut all = vec![
            texts.unknown_command(),
            texts.insanity_in_private(),
            texts.privacy_mode(),
            texts.quiet_ended(),
            texts.quiet(Duration::minutes(61)),
            texts.language(),
            texts.reset(),
            texts.blocked(UserId(5)),
            texts.unblocked(UserId(5)),
            texts.only_in_groups(),
            texts.admins_only(),
            texts.admins_unknown(),
            texts.owner_only(),
            texts.group_closed(),
            texts.private_closed(),
        ];
        all.extend(
            [Toggle::On, Toggle::Off].into_iter().flat_map(|on| [texts.insanity_state(on), texts.insanity_set(on)]),
        );
        all.extend([0, 5].map(|number| texts.context(number)));
        all.extend([Cap::User, Cap::Chat].map(|cap| texts.hour_spent(cap)));
        all
    };
    for (russian, english) in all(Language::Ru).iter().zip(all(Language::En)) {
        assert_ne!(*russian, english);
        assert!(russian.chars().count() < 400 && english.chars().count() < 400, "{english}");
    }
}

#[test]
fn durations_are_rounded_up_to_minutes() {
    for (seconds, expected) in
        [(1, (0, 1)), (60, (0, 1)), (61, (0, 2)), (3600, (1, 0)), (5400, (1, 30)), (604_800, (168, 0))]
    {
        assert_eq!(hours_and_minutes(Duration::seconds(seconds)), expected);
    }
}
