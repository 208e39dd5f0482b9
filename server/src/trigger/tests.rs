//! Triggers by example: what calls the persona, what doesn't, and what of the call reaches the prompt.

use proptest::prelude::*;
use time::Duration;

use super::*;
use crate::chat::{ChatKind, EntityKind, Message, MessageId, RepliedTo, SenderKind, UserId};
use crate::config::persona::NamesMatch;
use crate::settings::EffectiveSettings;
use crate::store::ChatSettings;
use crate::testing::{ANN, NOW, group, marked, me, message, persona, private, sender, with_entity};
use Decision::{Answer, Ignore};

fn insane() -> ChatSettings {
    ChatSettings { insanity: Some(true), ..ChatSettings::default() }
}

fn decided(message: &Message, own: &ChatSettings, dice: f64) -> Decision {
    let persona = persona();
    let settings = EffectiveSettings::of(&persona, message.chat_kind, Some(own));
    decide(&persona, &me(), &settings, message, Moment { now: NOW, dice, stale_after: STALE_AFTER })
}

fn sane(message: &Message) -> Decision {
    decided(message, &ChatSettings::default(), 0.0)
}

fn reply_to(mut message: Message, author: UserId, kind: SenderKind) -> Message {
    message.reply_to =
        Some(RepliedTo { id: MessageId(9), sender: Some(sender(author, kind)), text: "раньше".to_owned() });
    message
}

const UNTRIGGERED: Decision = Ignore(Ignored::Untriggered);

#[test]
fn private_messages_are_answered() {
    assert_eq!(sane(&private("привет")), Answer(Trigger::Private));
    assert_eq!(sane(&marked(private("@avtobus_bot привет"))), Answer(Trigger::Private), "the strongest reason wins");
    assert_eq!(decided(&private("привет"), &insane(), 0.0), Answer(Trigger::Private));
}

#[test]
fn mentions_are_entities_and_whole() {
    assert_eq!(sane(&marked(group("привет @avtobus_bot как дела"))), Answer(Trigger::Mention));
    assert_eq!(sane(&marked(group("привет @AVTOBUS_Bot"))), Answer(Trigger::Mention));
    assert_eq!(sane(&marked(group("привет @avtobus_bot2"))), UNTRIGGERED);
    assert_eq!(sane(&marked(group("привет @avtobus"))), UNTRIGGERED);
    assert_eq!(sane(&group("в коде @avtobus_bot")), UNTRIGGERED, "no entity, no mention");
    let named = |id| with_entity(group("эй ты"), "ты", EntityKind::UserMention(id));
    assert_eq!(sane(&named(me().id)), Answer(Trigger::Mention));
    assert_eq!(sane(&named(ANN)), UNTRIGGERED);
}

#[test]
fn replies_to_the_persona_count_and_others_do_not() {
    assert_eq!(sane(&reply_to(group("да"), me().id, SenderKind::Bot)), Answer(Trigger::Reply));
    assert_eq!(sane(&reply_to(group("да"), UserId(8), SenderKind::Bot)), UNTRIGGERED);
    assert_eq!(sane(&reply_to(group("да"), ANN, SenderKind::Person)), UNTRIGGERED);
    let mut unknown = reply_to(group("да"), ANN, SenderKind::Person);
    unknown.reply_to.as_mut().unwrap().sender = None;
    assert_eq!(sane(&unknown), UNTRIGGERED);
}

#[test]
fn names_at_the_edges() {
    for text in [
        "Автобус, ты где?",
        "ты где, автобус?",
        "автобус ты где",
        "ты где АВТОБУС",
        "«Автобус»!",
        "Автобус",
        "— автобус: привет",
        "🚌 автобус 🚌 поехали",
        "Желтый  бас, привет",
        "жёлтый\nбас?",
        "бас-то где",
        "Бас.",
    ] {
        assert_eq!(sane(&group(text)), Answer(Trigger::Name), "{text}");
    }
    for text in [
        "автобусы едут",
        "едут автобусы",
        "мой автобус уехал",
        "троллейбас",
        "басня",
        "авто бус",
        "@автобус привет",
        "#автобус привет",
        "автобус_1 привет",
        "жёлтыйбас привет",
        "автобус1",
        "что",
    ] {
        assert_eq!(sane(&group(text)), UNTRIGGERED, "{text}");
    }
}

#[test]
fn names_anywhere_if_the_manifest_says_so() {
    let mut persona = persona();
    persona.triggers.names_match = NamesMatch::Anywhere;
    let settings = EffectiveSettings::of(&persona, ChatKind::Group, None);
    let decided = |text| {
        decide(&persona, &me(), &settings, &group(text), Moment { now: NOW, dice: 0.0, stale_after: STALE_AFTER })
    };
    assert_eq!(decided("мой автобус уехал"), Answer(Trigger::Name));
    assert_eq!(decided("мои автобусы уехали"), UNTRIGGERED);
}

#[test]
fn a_persona_without_names_is_never_called_by_one() {
    let mut persona = persona();
    for names in [vec![], vec![String::new()], vec!["  ".to_owned()]] {
        persona.triggers.names = names;
        let settings = EffectiveSettings::of(&persona, ChatKind::Group, None);
        let moment = Moment { now: NOW, dice: 0.0, stale_after: STALE_AFTER };
        assert_eq!(decide(&persona, &me(), &settings, &group("автобус"), moment), UNTRIGGERED);
    }
}

#[test]
fn insanity_answers_every_message_of_people() {
    for (kind, expected) in [
        (SenderKind::Person, Answer(Trigger::Insanity)),
        (SenderKind::AnonymousAdmin, Answer(Trigger::Insanity)),
        (SenderKind::Channel, Answer(Trigger::Insanity)),
        (SenderKind::Bot, Ignore(Ignored::Bot)),
        (SenderKind::AutomaticForward, Ignore(Ignored::Post)),
    ] {
        let mut message = group("что угодно");
        message.sender.kind = kind;
        assert_eq!(decided(&message, &insane(), 0.9), expected, "{kind:?}");
    }
    assert_eq!(decided(&message(ChatKind::Channel, "пост"), &insane(), 0.0), Ignore(Ignored::Post));
}

#[test]
fn other_bots_are_ignored_whatever_they_write() {
    let by_bot = |mut message: Message| {
        message.sender.kind = SenderKind::Bot;
        sane(&message)
    };
    assert_eq!(by_bot(marked(group("@avtobus_bot привет"))), Ignore(Ignored::Bot));
    assert_eq!(by_bot(reply_to(group("да"), me().id, SenderKind::Bot)), Ignore(Ignored::Bot));
    assert_eq!(by_bot(group("Автобус, ты где?")), Ignore(Ignored::Bot));
    assert_eq!(by_bot(private("привет")), Ignore(Ignored::Bot));
}

#[test]
fn messages_without_text_trigger_nothing() {
    for text in ["", " ", "\n\t"] {
        for message in [private(text), reply_to(group(text), me().id, SenderKind::Bot)] {
            assert_eq!(decided(&message, &insane(), 0.0), Ignore(Ignored::Textless));
        }
    }
}

#[test]
fn commands_are_no_triggers() {
    for text in ["/help", "/help@avtobus_bot", "/cmd@OtherBot привет", "/unknown", "/ask@avtobus_bot что"] {
        assert_eq!(decided(&marked(group(text)), &insane(), 0.0), Ignore(Ignored::Command), "{text}");
    }
    assert_eq!(sane(&marked(private("/unknown"))), Ignore(Ignored::Command));
    assert_eq!(sane(&marked(group("/ask @avtobus_bot"))), Answer(Trigger::Mention));
    assert_eq!(decided(&marked(group("/cmd@OtherBot @avtobus_bot")), &insane(), 0.0), Ignore(Ignored::Command));
    assert_eq!(decided(&marked(group("напиши /help")), &insane(), 0.0), Answer(Trigger::Insanity));
}

#[test]
fn chance_is_the_dices() {
    let own = ChatSettings { chance: Some(0.5), ..ChatSettings::default() };
    assert_eq!(decided(&group("что"), &own, 0.49), Answer(Trigger::Chance));
    assert_eq!(decided(&group("что"), &own, 0.5), UNTRIGGERED);
    assert_eq!(sane(&group("что")), UNTRIGGERED, "no chance, whatever the dice");
    let always = ChatSettings { chance: Some(1.0), ..ChatSettings::default() };
    assert_eq!(decided(&group("что"), &always, 0.999_999), Answer(Trigger::Chance));
}

#[test]
fn quiet_silences_insanity_and_chance_only() {
    let until = |quiet_until| ChatSettings { chance: Some(1.0), quiet_until: Some(quiet_until), ..insane() };
    let quiet = until(NOW + Duration::hours(1));
    assert_eq!(decided(&group("что"), &quiet, 0.0), Ignore(Ignored::Quiet));
    assert_eq!(decided(&group("автобус"), &quiet, 0.0), Answer(Trigger::Name));
    assert_eq!(decided(&marked(group("@avtobus_bot")), &quiet, 0.0), Answer(Trigger::Mention));
    assert_eq!(decided(&group("что"), &until(NOW), 0.0), Answer(Trigger::Insanity), "it is over");
}

#[test]
fn a_backlog_is_not_answered() {
    let mut old = private("привет");
    old.sent_at = NOW - STALE_AFTER;
    assert_eq!(sane(&old), Answer(Trigger::Private));
    old.sent_at -= Duration::seconds(1);
    assert_eq!(sane(&old), Ignore(Ignored::Stale));
    old.sent_at = NOW + Duration::hours(1);
    assert_eq!(sane(&old), Answer(Trigger::Private), "clocks differ");
}

#[test]
fn the_strongest_reason_wins() {
    let all = reply_to(marked(group("Автобус, @avtobus_bot!")), me().id, SenderKind::Bot);
    assert_eq!(decided(&all, &insane(), 0.0), Answer(Trigger::Mention));
    let without_mention = reply_to(group("Автобус!"), me().id, SenderKind::Bot);
    assert_eq!(decided(&without_mention, &insane(), 0.0), Answer(Trigger::Reply));
    assert_eq!(decided(&group("Автобус!"), &insane(), 0.0), Answer(Trigger::Name));
}

fn cut(trigger: Trigger, text: &str) -> String {
    prompt_text(&persona(), &me(), trigger, text)
}

#[test]
fn the_name_that_called_is_cut() {
    for (text, rest) in [
        ("Автобус, ты где?", "ты где?"),
        ("Автобус ты где?", "ты где?"),
        ("Автобус! Ты где?", "Ты где?"),
        ("Автобус — ты где?", "ты где?"),
        ("ты где, автобус?", "ты где?"),
        ("ты где автобус", "ты где"),
        ("Жёлтый бас: привет", "привет"),
        ("желтый бас, -5 + 3?", "-5 + 3?"),
        ("да\nавтобус", "да"),
        ("автобус 😀", "😀"),
        ("Автобус, автобус едет", "автобус едет"),
    ] {
        assert_eq!(cut(Trigger::Name, text), rest, "{text}");
    }
}

#[test]
fn a_call_that_is_all_there_is_stays() {
    for text in ["Автобус", "Автобус!", "«Автобус»", "  автобус…  "] {
        assert_eq!(cut(Trigger::Name, text), text);
    }
    assert_eq!(cut(Trigger::Mention, "@avtobus_bot"), "@avtobus_bot");
    assert_eq!(cut(Trigger::Mention, "@avtobus_bot, "), "@avtobus_bot, ");
}

#[test]
fn mentions_are_cut_wherever_they_stand() {
    for (text, rest) in [
        ("@avtobus_bot привет", "привет"),
        ("@Avtobus_Bot, привет", "привет"),
        ("привет, @avtobus_bot!", "привет!"),
        ("эй @avtobus_bot как дела", "эй как дела"),
        ("скажи, @avtobus_bot, что делать", "скажи, что делать"),
        ("@avtobus_bot @avtobus_bot да", "да"),
        ("@avtobus_bot2 и @avtobus_bot", "@avtobus_bot2 и"),
        ("mail@avtobus_bot", "mail@avtobus_bot"),
        ("@avtobus_bot ???", "???"),
    ] {
        assert_eq!(cut(Trigger::Mention, text), rest, "{text}");
    }
    assert_eq!(cut(Trigger::Private, "@avtobus_bot привет"), "привет");
    assert_eq!(cut(Trigger::Reply, "@other привет"), "@other привет");
}

#[test]
fn a_mention_by_id_shows_the_name() {
    assert_eq!(cut(Trigger::Mention, "Автобус, привет"), "привет");
}

#[test]
fn a_name_that_did_not_call_stays() {
    assert_eq!(cut(Trigger::Private, "Автобус едет в город"), "Автобус едет в город");
    assert_eq!(cut(Trigger::Reply, "автобус"), "автобус");
    assert_eq!(cut(Trigger::Name, "мой автобус уехал"), "мой автобус уехал");
}

proptest! {
    #[test]
    fn a_prompt_is_never_empty_and_never_panics(text in "[ ,.@!?—«»İаё😀]{0,4}(автобус|@avtobus_bot|Бас)?[ ,.@!?—«»İаё😀]{0,4}") {
        for trigger in Trigger::ALL {
            let cut = cut(trigger, &text);
            prop_assert_eq!(cut.trim().is_empty(), text.trim().is_empty());
        }
    }

    #[test]
    fn any_text_can_be_decided(text in ".{0,60}", dice in 0.0..1.0_f64) {
        let _: Decision = decided(&group(&text), &insane(), dice);
    }

    #[test]
    fn words_that_merely_contain_a_name_do_not_call(before in "[а-яё0-9]{0,3}", after in "[а-яё0-9]{1,3}") {
        prop_assert_eq!(sane(&group(&format!("{before}автобус{after}"))), UNTRIGGERED);
    }
}
